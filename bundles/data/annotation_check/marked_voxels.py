"""The voxels that a reader, or the readers together, marked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nodulescope.bundles.coordinates import index_to_world
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.data.phantom_datalist import box_of

_TOUCHING = np.ones((3, 3, 3))
"""Voxels that share a corner are one piece."""


@dataclass(frozen=True)
class MarkedVoxels:
    """An outline, cut out of its label map.

    Attributes:
        inside: the marked voxels and nothing around them, bool, shape (a, b, c).
        affine_lps: voxel-to-world matrix of the cut-out, axis-parallel.
        at_border: whether it reaches the first or last voxel of the image along an axis.
    """

    inside: NDArray[np.bool_]
    affine_lps: NDArray[np.float64]
    at_border: bool

    @property
    def box(self) -> list[float]:
        """Centre and edges of the box around it, LPS mm."""
        return box_of(self.inside, self.affine_lps)

    @property
    def centroid_lps_mm(self) -> NDArray[np.float64]:
        """Mean place of its voxels."""
        return index_to_world(self.affine_lps, np.argwhere(self.inside).mean(axis=0))

    @property
    def volume_mm3(self) -> float:
        """Of all its voxels."""
        return float(np.count_nonzero(self.inside) * abs(np.linalg.det(self.affine_lps[:3, :3])))

    @property
    def diameter_mm(self) -> float:
        """Of the ball with its volume."""
        return float(np.cbrt(self.volume_mm3 * 6.0 / np.pi))

    def stray_share(self) -> float:
        """Share of its voxels that do not hang together with its largest piece."""
        pieces, count = ndimage.label(self.inside, structure=_TOUCHING)
        if count < 2:
            return 0.0
        sizes = np.bincount(pieces.ravel())[1:]
        return float(1.0 - sizes.max() / sizes.sum())


def marked_voxels(labels: Volume, within: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None) -> MarkedVoxels | None:
    """Cut out what is not zero in a label map.

    Args:
        labels: the whole map.
        within: lowest and highest corner, in voxels, of the part to look at, for maps of several outlines; the whole map when None.

    Returns:
        None where nothing is marked.
    """
    shape = np.asarray(labels.shape)
    start, stop = np.zeros(3, int), shape
    if within is not None:
        start = np.clip(np.floor(within[0]).astype(int), 0, shape)
        stop = np.clip(np.ceil(within[1]).astype(int) + 1, 0, shape)
    inside = labels.values[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] != 0
    found = ndimage.find_objects(inside.astype(np.uint8), max_label=1)
    if not found or found[0] is None:
        return None
    low = start + [part.start for part in found[0]]
    high = start + [part.stop for part in found[0]]
    affine = labels.affine_lps.copy()
    affine[:3, 3] += affine[:3, :3] @ low
    return MarkedVoxels(inside[found[0]], affine, at_border=bool((low == 0).any() or (high == shape).any()))
