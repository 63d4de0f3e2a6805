"""Slices of a tilted gantry, shifted onto an upright grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nodulescope.bundles.contracts.ct_volume import AIR_HU
from nodulescope.operators.dicom.series_geometry import SliceStack

_NEGLIGIBLE = 1e-3
"""Share of a voxel's value that may come from what was not measured before the voxel counts as padding too."""


def straighten(
    hu: NDArray[np.float32], padding: NDArray[np.bool_] | None, stack: SliceStack
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Shift every slice within its own plane to where it lies on the stack's upright grid.

    A tilted gantry leaves parallel slices of which each lies a little beside the one before: a sheared grid. Moving them sideways, by
    linear interpolation along the rows and columns, makes the grid rectangular and mixes no two slices. Slice k of the result shows the
    plane of source slice k, so that results refer to their images as ever.

    Args:
        hu: Hounsfield units as the files hold them, shape (columns, rows, nk).
        padding: the mask of what was not measured, same shape, or None.
        stack: where the slices belong.

    Returns:
        Hounsfield units and padding on the stack's grid; both as they were where the slices already lie straight.
    """
    if stack.offsets_px is None:
        return hu, padding
    shape = (*stack.size, hu.shape[2])
    straight = np.full(shape[::-1], AIR_HU, dtype=np.float32).T
    unknown = np.ones(shape[::-1], dtype=np.bool_).T
    columns, rows = hu.shape[:2]
    for k, offset in enumerate(stack.offsets_px):
        whole = np.floor(offset)
        i, j = (int(n) for n in whole)
        straight[i : i + columns, j : j + rows, k] = hu[..., k]
        unknown[i : i + columns, j : j + rows, k] = False if padding is None else padding[..., k]
        fraction = offset - whole
        if fraction.any():
            straight[..., k] = ndimage.shift(straight[..., k], fraction, order=1, mode="nearest")
            unknown[..., k] = ndimage.shift(unknown[..., k].astype(np.float32), fraction, order=1, mode="nearest") > _NEGLIGIBLE
    straight[unknown] = AIR_HU
    return straight, unknown
