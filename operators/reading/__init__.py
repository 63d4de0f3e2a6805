"""Reading a chest CT, whatever form it comes in."""

from nodulescope.operators.reading.read_ct import ReadStudy, read_ct, read_study

__all__ = ["ReadStudy", "read_ct", "read_study"]
