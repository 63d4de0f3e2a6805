"""The clinical application: a chest CT in, findings out."""
