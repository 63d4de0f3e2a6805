"""Whether a scan shows a place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.coordinates import world_to_index


def in_scan(ct: CTVolume, place_mm: NDArray[np.float64]) -> bool:
    """Whether a place (LPS mm) lies in a voxel of the CT."""
    index = world_to_index(ct.affine_lps, place_mm)
    return bool(((index >= -0.5) & (index <= np.asarray(ct.shape) - 0.5)).all())
