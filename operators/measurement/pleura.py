"""How far a nodule lies from the pleura."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, LungMask
from nodulescope.bundles.coordinates import index_to_world, world_to_index
from nodulescope.operators.examination.nodule import Side
from nodulescope.operators.measurement.fine_outline import FineOutline

REACHES_MM = ((12.0, 1.0), (30.0, 1.5), (75.0, 2.5))
"""Distance in which the pleura is looked for, and the step of the grid on which it is: first near the nodule, then farther and more
coarsely, last across more than half the width of any lung."""

CLOSED_MM = 6.0
"""Twice this is the width up to which a gap in the lung labels is no pleura: vessels and bronchi that the labels leave out, and the rim
around a nodule. Vessels at the hilum are wider, and there the lung ends."""

TOUCHING_MM = 0.5
"""What comes out below this is no distance: half a step of the finest grid."""

_SMOOTHED_STEPS = 0.7
"""Standard deviation, in grid steps, by which the staircase of labels is smoothed before its surface is taken."""


def pleura_distance_mm(nodule: FineOutline, lung_mask: LungMask, side: Side) -> float | None:
    """Least distance between a nodule's surface and the outer surface of its lung: chest wall, diaphragm or mediastinum.

    Fissures are pleura too and are not known. The lung is what its labels and the nodule fill together, gaps closed; where the scan ends,
    the lung is taken to go on.

    Args:
        nodule: its surface.
        lung_mask: lung labels with their affine, in any orientation.
        side: the lung that holds it.

    Returns:
        Millimetres, 0 where they touch; None where no surface of the lung lies within the last of :data:`REACHES_MM`.
    """
    surface = _vertices(nodule.field, 0.0, nodule.affine_lps)
    label = RIGHT_LUNG if side is Side.RIGHT else LEFT_LUNG
    for reach, step in REACHES_MM:
        lung, affine = _lung_around(nodule, surface, lung_mask, label, (reach, step))
        if lung.min() < 0.5 < lung.max():
            distances, _ = cKDTree(_vertices(lung, 0.5, affine)).query(surface)
            nearest = float(distances.min())
            if nearest <= reach:
                return 0.0 if nearest < TOUCHING_MM else nearest
    return None


def _lung_around(
    nodule: FineOutline, surface: NDArray[np.float64], lung_mask: LungMask, label: int, reach: tuple[float, float]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """One lung, nodule included and gaps closed, as a smooth field of 0 to 1 on an axis-parallel grid, and that grid's affine.

    Args:
        nodule: the nodule.
        surface: points of its surface, LPS mm.
        lung_mask: lung labels.
        label: of the lung.
        reach: how far the grid reaches beyond the nodule, and its step; see :data:`REACHES_MM`.
    """
    reach_mm, step = reach
    border = int(np.ceil(CLOSED_MM / step)) + 1
    margin = reach_mm + step * (border + 1)
    low, high = surface.min(axis=0) - margin, surface.max(axis=0) + margin
    shape = tuple(int(n) for n in np.ceil((high - low) / step) + 1)
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = low
    points = index_to_world(affine, np.moveaxis(np.indices(shape, dtype=np.float64), 0, -1).reshape(-1, 3))
    own = world_to_index(nodule.affine_lps, points)
    held = ndimage.map_coordinates((nodule.field > 0).astype(np.float32), own.T, order=1, mode="constant", cval=0.0)
    filled = _closed((np.maximum(_sample(lung_mask, label, points), held) >= 0.5).reshape(shape), step)
    inner = filled[(slice(border, -border),) * 3]  # the closing is wrong near the box's faces
    affine[:3, 3] += border * step
    return ndimage.gaussian_filter(inner.astype(np.float32), _SMOOTHED_STEPS, mode="nearest"), affine


def _sample(lung_mask: LungMask, label: int, points: NDArray[np.float64]) -> NDArray[np.float32]:
    """One label at LPS points, interpolated linearly; beyond the grid the border goes on."""
    index = world_to_index(lung_mask.affine_lps, points)
    size = np.asarray(lung_mask.labels.shape)
    start = np.clip(np.floor(index.min(axis=0)).astype(int), 0, size - 1)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, start + 1, size)
    box = lung_mask.labels[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] == label
    return np.asarray(ndimage.map_coordinates(box.astype(np.float32), (index - start).T, order=1, mode="nearest"), dtype=np.float32)


def _closed(mask: NDArray[np.bool_], step_mm: float) -> NDArray[np.bool_]:
    """Close gaps narrower than twice :data:`CLOSED_MM` with a ball, by distances."""
    if mask.all() or not mask.any():
        return mask
    grown = ndimage.distance_transform_edt(~mask, sampling=step_mm) <= CLOSED_MM
    if grown.all():
        return np.asarray(grown)
    return np.asarray(mask | (ndimage.distance_transform_edt(grown, sampling=step_mm) > CLOSED_MM))


def _vertices(field: NDArray[np.floating], level: float, affine_lps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of the triangles of a field's level surface, LPS mm, shape (n, 3)."""
    vertices, _, _, _ = marching_cubes(field, level)
    return index_to_world(affine_lps, vertices)
