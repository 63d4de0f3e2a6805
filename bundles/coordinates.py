"""The one place where coordinates change their frame.

Inside MONAI transforms an affine is RAS (x to the right, y to the front, z to the head). Everywhere else (values that cross room borders,
JSON, CSV, DICOM, logs, the command line) it is LPS, the patient coordinates of DICOM PS3.3 C.7.6.2.1.1: x to the left, y to the back, z
to the head, in millimetres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


def swap_ras_lps(affine: ArrayLike) -> NDArray[np.float64]:
    """Turn a voxel-to-RAS affine into a voxel-to-LPS affine, or back: the change is its own inverse.

    Args:
        affine: 4x4 matrix from voxel indices (i, j, k, 1) to millimetres.

    Returns:
        4x4 matrix from the same voxel indices to millimetres in the other frame.
    """
    return np.asarray(_FLIP @ np.asarray(affine, dtype=np.float64))


def index_to_world(affine: ArrayLike, index: ArrayLike) -> NDArray[np.float64]:
    """Map voxel indices to millimetres in the affine's frame.

    Args:
        affine: 4x4 voxel-to-world matrix.
        index: voxel indices, shape (..., 3); integers are voxel centres.

    Returns:
        World coordinates in mm, shape (..., 3).
    """
    matrix = np.asarray(affine, dtype=np.float64)
    return np.asarray(np.asarray(index, dtype=np.float64) @ matrix[:3, :3].T + matrix[:3, 3])


def world_to_index(affine: ArrayLike, world: ArrayLike) -> NDArray[np.float64]:
    """Map millimetres in the affine's frame to (fractional) voxel indices, the inverse of :func:`index_to_world`.

    Args:
        affine: 4x4 voxel-to-world matrix.
        world: coordinates in mm, shape (..., 3).

    Returns:
        Voxel indices, shape (..., 3).
    """
    return index_to_world(np.linalg.inv(np.asarray(affine, dtype=np.float64)), world)


def spacing_of(affine: ArrayLike) -> tuple[float, float, float]:
    """Distance in mm between neighbouring voxels along each index axis of a voxel-to-world affine."""
    lengths = np.linalg.norm(np.asarray(affine, dtype=np.float64)[:3, :3], axis=0)
    return float(lengths[0]), float(lengths[1]), float(lengths[2])
