"""``nodulescope federate``: train bundles at several hospitals together."""
