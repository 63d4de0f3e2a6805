"""Parts that the training configurations of several bundles share."""
