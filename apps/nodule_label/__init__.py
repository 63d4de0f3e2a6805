"""The MONAI Label application: look, correct, retrain, deploy, with the bundles as they are."""
