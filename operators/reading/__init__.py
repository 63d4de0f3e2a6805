"""Reading a chest CT, whatever form it comes in."""

from nodulescope.operators.reading.read_ct import read_ct

__all__ = ["read_ct"]
