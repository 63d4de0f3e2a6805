"""Where a datalist's box lies on the grid of its image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.coordinates import spacing_of, world_to_index


def voxel_extent(
    box: Sequence[float] | NDArray[np.float64], affine_lps: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and the highest corner of a box in voxels of an axis-parallel grid.

    Args:
        box: centre and edges in LPS mm, [x, y, z, width, depth, height].
        affine_lps: voxel-to-world matrix.

    Returns:
        Two corners (i, j, k); the first voxel reaches from -0.5 to 0.5.
    """
    center, half = np.asarray(box[:3], dtype=np.float64), np.asarray(box[3:], dtype=np.float64) / 2.0
    corners = world_to_index(affine_lps, np.stack([center - half, center + half]))
    return corners.min(axis=0), corners.max(axis=0)


def lies_outside(box: Sequence[float], affine_lps: NDArray[np.float64], shape: Sequence[int]) -> bool:
    """Whether no part of a box lies in the image.

    Args:
        box: centre and edges in LPS mm.
        affine_lps: voxel-to-world matrix of the image, axis-parallel.
        shape: its voxels along i, j, k.
    """
    low, high = voxel_extent(box, affine_lps)
    return bool(((high <= -0.5) | (low >= np.asarray(shape) - 0.5)).any())


def reach_beyond_mm(box: Sequence[float], affine_lps: NDArray[np.float64], shape: Sequence[int]) -> float:
    """How far a box reaches beyond the faces of the image, in mm; 0 for a box inside."""
    low, high = voxel_extent(box, affine_lps)
    beyond = np.maximum(-0.5 - low, high - (np.asarray(shape) - 0.5)) * spacing_of(affine_lps)
    return float(max(beyond.max(), 0.0))
