"""The canonical CT, defined once: 1 mm isotropic, RAS, Hounsfield units clipped to a window and scaled to 0..1."""

from nodulescope.bundles.preprocessing.canonical import HU_WINDOW, SPACING_MM, CanonicalCTd, to_unit_range
from nodulescope.bundles.preprocessing.cube import CubeAroundd, cube_affine_ras
from nodulescope.bundles.preprocessing.scan_grid import ScanGridd

__all__ = ["HU_WINDOW", "SPACING_MM", "CanonicalCTd", "CubeAroundd", "ScanGridd", "cube_affine_ras", "to_unit_range"]
