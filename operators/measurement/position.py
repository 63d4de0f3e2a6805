"""On which of the patient's sides a nodule lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nodulescope.bundles.contracts import RIGHT_LUNG, LungMask
from nodulescope.bundles.coordinates import spacing_of, world_to_index
from nodulescope.operators.examination.nodule import Side

_FIRST_REACH_MM = 15.0
"""First distance in which lung is looked for; it doubles until there is some."""


def side(lung_mask: LungMask, center_lps_mm: ArrayLike) -> Side:
    """Tell the side of the lung at a point, or of the lung voxel nearest to it (nodules at the pleura may lie just outside the mask).

    Args:
        lung_mask: lung labels with their affine.
        center_lps_mm: a point, LPS mm; it may lie outside the grid.

    Raises:
        ValueError: the mask holds no lung at all.
    """
    index = world_to_index(lung_mask.affine_lps, center_lps_mm)
    size = np.asarray(lung_mask.labels.shape)
    nearest = np.clip(np.rint(index).astype(int), 0, size - 1)
    label = int(lung_mask.labels[tuple(nearest)])
    if label == 0:
        label = _nearest_label(lung_mask, nearest)
    return Side.RIGHT if label == RIGHT_LUNG else Side.LEFT


def _nearest_label(lung_mask: LungMask, index: np.ndarray) -> int:
    """Label of the lung voxel nearest (in mm) to a voxel."""
    size = np.asarray(lung_mask.labels.shape)
    matrix = lung_mask.affine_lps[:3, :3]
    spacing = np.asarray(spacing_of(lung_mask.affine_lps))
    reach = _FIRST_REACH_MM
    while True:
        steps = np.ceil(reach / spacing).astype(int)
        start, stop = np.maximum(index - steps, 0), np.minimum(index + steps + 1, size)
        box = lung_mask.labels[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
        lung = np.argwhere(box)
        distance = np.linalg.norm((lung + start - index) @ matrix.T, axis=1)
        whole = bool((start == 0).all() and (stop == size).all())
        # Within the box's inscribed ball nothing is missed; beyond it a nearer voxel may lie outside the box.
        if len(lung) and (whole or distance.min() <= reach):
            return int(box[tuple(lung[int(np.argmin(distance))])])
        if whole:
            raise ValueError("the lung mask is empty")
        reach *= 2
