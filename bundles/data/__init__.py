"""Data: readers of public collections, annotation rules, splits, and phantoms."""
