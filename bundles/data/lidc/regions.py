"""Which voxels a reader's outline encloses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from skimage.draw import line

from nodulescope.bundles.data.lidc.markings import NoduleMark, ScanMarkings


@dataclass(frozen=True)
class Region:
    """Voxels of a scan, kept as the box around them.

    Attributes:
        start: column, row and slice of the box's first voxel.
        inside: which voxels of the box belong to it, shape (columns, rows, slices).
    """

    start: tuple[int, int, int]
    inside: NDArray[np.bool_] = field(repr=False)

    @property
    def stop(self) -> tuple[int, int, int]:
        """Column, row and slice behind the box's last voxel."""
        i, j, k = (a + n for a, n in zip(self.start, self.inside.shape, strict=True))
        return i, j, k

    @property
    def indices(self) -> NDArray[np.intp]:
        """Column, row and slice of each voxel, shape (n, 3)."""
        return np.asarray(np.argwhere(self.inside) + np.asarray(self.start))

    def within(self, start: ArrayLike, stop: ArrayLike) -> NDArray[np.bool_]:
        """The region seen through another box, which may reach beyond its own on every side."""
        first, behind = np.asarray(start, dtype=np.intp), np.asarray(stop, dtype=np.intp)
        seen = np.zeros(behind - first, np.bool_)
        low, high = np.maximum(first, self.start), np.minimum(behind, self.stop)
        if (low < high).all():
            there = tuple(slice(a, b) for a, b in zip(low - first, high - first, strict=True))
            here = tuple(slice(a, b) for a, b in zip(low - self.start, high - self.start, strict=True))
            seen[there] = self.inside[here]
        return seen

    def overlaps(self, other: Region) -> bool:
        """Whether the two share a voxel."""
        low, high = np.maximum(self.start, other.start), np.minimum(self.stop, other.stop)
        return bool((low < high).all() and (self.within(low, high) & other.within(low, high)).any())


def box_around(regions: Sequence[Region]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Start and stop of the smallest box around some regions' boxes."""
    start = np.min([region.start for region in regions], axis=0)
    stop = np.max([region.stop for region in regions], axis=0)
    return tuple(int(v) for v in start), tuple(int(v) for v in stop)


def slices_by_position(markings: ScanMarkings) -> dict[str, int]:
    """Numbers for the slices that a file mentions, by position along the patient: enough to compare outlines when there are no images.

    In three scans of the collection readers name one slice by two UIDs, so what has one position to a hundredth of a millimetre is one
    slice.
    """
    positions = {contour.slice_uid: round(contour.z_mm, 2) for mark in markings.nodules for contour in mark.contours}
    numbers = {position: number for number, position in enumerate(sorted(set(positions.values())))}
    return {uid: numbers[position] for uid, position in positions.items()}


def region_of(mark: NoduleMark, slices: Mapping[str, int]) -> Region:
    """The voxels of one reader's nodule.

    The line is drawn just outside of the nodule: it is meant as an outer border, so that no pixel of the line belongs to the nodule (LIDC's
    description of its XML files; McNitt-Gray et al., Acad Radiol 14:1464, 2007). So what the line encloses is counted, and the line is not;
    holes (``inclusion`` FALSE) are taken away likewise. A nodule whose lines enclose no pixel at all consists of the lines.

    Args:
        mark: the nodule.
        slices: number of each slice by its UID.

    Raises:
        KeyError: a slice has no number.
    """
    planes = [(contour, slices[contour.slice_uid], *enclosed(contour.points)) for contour in mark.contours]
    drawn = [Region((int(at[0]), int(at[1]), k), mask[..., None]) for _, k, at, mask in planes]
    start, stop = box_around(drawn)
    inside = np.zeros([b - a for a, b in zip(start, stop, strict=True)], np.bool_)
    for wanted in (True, False):  # holes last: the file gives them in any order
        for (contour, *_), region in zip(planes, drawn, strict=True):
            if contour.inclusion == wanted:
                box = tuple(slice(a - o, b - o) for a, b, o in zip(region.start, region.stop, start, strict=True))
                inside[box] = (inside[box] | region.inside) if wanted else (inside[box] & ~region.inside)
    if not inside.any():
        for contour, k in ((contour, k) for contour, k, *_ in planes if contour.inclusion):
            inside[(*(contour.points - start[:2]).T, k - start[2])] = True
    return Region((start[0], start[1], start[2]), inside)


def enclosed(points: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Pixels that a closed line surrounds, without the line itself.

    Args:
        points: pixels of the line in their order, shape (n, 2); gaps between neighbours, and between the ends, are closed straight.

    Returns:
        The first pixel of a box around the line with a margin of one pixel, and which pixels of the box are enclosed.
    """
    start = points.min(axis=0) - 1
    path = points - start
    drawn = np.zeros(path.max(axis=0) + 2, np.bool_)
    drawn[tuple(path.T)] = True
    following = np.roll(path, -1, axis=0)
    for number in np.flatnonzero(np.abs(following - path).max(axis=1) > 1):
        drawn[line(*path[number], *following[number])] = True
    # Background that touches by edges only cannot slip through a line whose pixels touch by corners.
    background, _ = ndimage.label(~drawn)
    return start, np.asarray(~drawn & (background != background[0, 0]))
