"""Nodule outlines painted onto the CT's own grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nodulescope.bundles.contracts import CTVolume, Outline
from nodulescope.bundles.coordinates import index_to_world, spacing_of, world_to_index
from nodulescope.operators.measurement.fine_outline import LOWEST_LOG_ODDS, central_log_odds

MOST_NODULES = 255
"""A uint8 label map has no room for more."""


def paint_labels(ct: CTVolume, outlines: Sequence[Outline]) -> NDArray[np.uint8]:
    """Paint outlines as labels 1, 2, 3 ... in their order.

    A voxel belongs to a nodule when the probability at the voxel's centre, interpolated in its outline, is above 0.5; where nodules
    overlap, to the one with the higher probability. A nodule that holds no voxel centre gets the voxel where its probability is
    highest, or else the one nearest to it.

    Args:
        ct: gives the grid.
        outlines: probability cubes, each with its nodule at the centre.

    Returns:
        uint8 label map, the CT's shape; 0 is background.

    Raises:
        ValueError: more than 255 outlines.
        NothingToMeasure: an outline has no voxel above 0.5.
    """
    if len(outlines) > MOST_NODULES:
        raise ValueError(f"a label map holds at most {MOST_NODULES} nodules, not {len(outlines)}")
    labels = np.zeros(ct.shape, dtype=np.uint8)
    highest = np.zeros(ct.shape, dtype=np.float32)
    seeds: list[list[tuple[int, int, int]]] = []
    for label, outline in enumerate(outlines, start=1):
        start, log_odds, distance = _sample(ct, outline)
        box = tuple(slice(a, a + n) for a, n in zip(start, log_odds.shape, strict=True))
        wins = log_odds > highest[box]
        labels[box][wins] = label
        highest[box][wins] = log_odds[wins]
        best = np.lexsort((distance.ravel(), -log_odds.ravel()))[: len(outlines)]
        seeds.append([(int(i), int(j), int(k)) for i, j, k in np.stack(np.unravel_index(best, log_odds.shape), axis=1) + start])
    for label, voxels in enumerate(seeds, start=1):
        if not np.any(labels == label):
            labels[_voxel_to_spare(labels, voxels)] = label
    return labels


def _sample(ct: CTVolume, outline: Outline) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float64]]:
    """Log-odds of one outline at the CT's voxel centres.

    Returns:
        Index of the first voxel of the box around the outline, shape (3,); float32 log-odds of all voxels of that box, below zero outside
        of the outline's cube; and their distance in mm from the nodule's centre. A cube that lies wholly outside the grid is clamped to
        the voxels nearest to it.
    """
    log_odds = central_log_odds(outline)
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in log_odds.shape], indexing="ij")).reshape(3, -1).T
    index = world_to_index(ct.affine_lps, index_to_world(outline.affine_lps, corners))
    size = np.asarray(ct.shape)
    start = np.clip(np.floor(index.min(axis=0)).astype(np.int64), 0, size - 1)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(np.int64) + 1, start + 1, size)
    voxels = np.moveaxis(np.indices(tuple(stop - start), dtype=np.float64), 0, -1) + start
    points = world_to_index(outline.affine_lps, index_to_world(ct.affine_lps, voxels.reshape(-1, 3)))
    sampled = ndimage.map_coordinates(log_odds, points.T, order=1, mode="constant", cval=LOWEST_LOG_ODDS)
    center = np.argwhere(log_odds > 0).mean(axis=0)
    distance = np.linalg.norm((points - center) * np.asarray(spacing_of(outline.affine_lps)), axis=1)
    box = tuple(stop - start)
    return start, np.asarray(sampled, dtype=np.float32).reshape(box), distance.reshape(box)


def _voxel_to_spare(labels: NDArray[np.uint8], voxels: Sequence[tuple[int, int, int]]) -> tuple[int, int, int]:
    """First of the voxels that is background or whose present nodule keeps another one."""
    for voxel in voxels:
        owner = labels[voxel]
        if owner == 0 or np.count_nonzero(labels == owner) > 1:
            return voxel
    return voxels[0]
