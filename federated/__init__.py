"""Beside the operators: several hospitals train the same bundles together. Stands on the bundles only."""
