"""``nodulescope data``: from scans and annotations to datalists."""
