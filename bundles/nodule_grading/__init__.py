"""MONAI bundle."""
