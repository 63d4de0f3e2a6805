"""Choosing the operating point of the chain on labelled scans: each network runs once, all settings are tried on what it said."""
