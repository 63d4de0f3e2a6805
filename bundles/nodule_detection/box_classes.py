"""Classes of a box in a detection datalist."""

from __future__ import annotations

NODULE_CLASS, IGNORED_CLASS = 0, 1
"""To be found; or neither to be found nor punished (masses over 30 mm, findings of too few readers)."""
