"""Long and short axis of a nodule on an axial plane, as a radiologist draws them with calipers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist, squareform
from skimage.measure import find_contours

from nodulescope.bundles.coordinates import index_to_world
from nodulescope.operators.measurement.fine_outline import FineOutline

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Axes:
    """Two diameters at a right angle to each other on one axial plane.

    Attributes:
        long_mm: largest distance between two points of the contour (maximum Feret diameter).
        short_mm: longest straight line inside the contour at a right angle to the long axis.
        long_ends_lps_mm: ends of the long axis, LPS mm.
        short_ends_lps_mm: ends of the short axis, LPS mm.
    """

    long_mm: float
    short_mm: float
    long_ends_lps_mm: tuple[Point, Point]
    short_ends_lps_mm: tuple[Point, Point]

    @property
    def mean_mm(self) -> float:
        """Mean of both, the size that Lung-RADS v2022 and Fleischner 2017 use."""
        return (self.long_mm + self.short_mm) / 2


def axial_axes(nodule: FineOutline) -> Axes:
    """Measure both axes on the axial plane on which the nodule's section is largest.

    Args:
        nodule: field on an axis-parallel LPS grid; its planes of constant k are axial.

    Raises:
        ValueError: the field is nowhere positive.
    """
    spacing = np.asarray(nodule.spacing_mm[:2])
    best: tuple[float, int, NDArray[np.float64]] | None = None
    sections = np.count_nonzero(nodule.field > 0, axis=(0, 1))
    # The contour's area decides; planes whose voxel count is far below the largest cannot win and are not traced.
    for k in np.flatnonzero(sections >= max(0.8 * sections.max(), 1)):
        for contour in find_contours(np.asarray(nodule.field[:, :, k]), 0.0):
            area = _enclosed_area(contour * spacing)
            if best is None or area > best[0]:
                best = (area, int(k), contour)
    if best is None:
        raise ValueError("the nodule has no section on any axial plane")
    plane, polygon = best[1], best[2] * spacing
    long_ends = _farthest_pair(polygon)
    short_ends = _longest_perpendicular_chord(polygon, long_ends)

    def to_lps(point: NDArray[np.float64]) -> Point:
        x, y, z = index_to_world(nodule.affine_lps, np.append(point / spacing, plane))
        return float(x), float(y), float(z)

    return Axes(
        long_mm=float(np.linalg.norm(long_ends[1] - long_ends[0])),
        short_mm=float(np.linalg.norm(short_ends[1] - short_ends[0])),
        long_ends_lps_mm=(to_lps(long_ends[0]), to_lps(long_ends[1])),
        short_ends_lps_mm=(to_lps(short_ends[0]), to_lps(short_ends[1])),
    )


def _enclosed_area(polygon: NDArray[np.float64]) -> float:
    """Area of a closed polygon (shoelace formula), in the square of its unit."""
    x, y = polygon[:-1].T
    u, v = polygon[1:].T
    return float(abs(np.dot(x, v) - np.dot(u, y)) / 2)


def _farthest_pair(polygon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the two points of a polygon that lie farthest apart, shape (2, 2); both are corners of its convex hull."""
    corners = polygon[ConvexHull(polygon).vertices]
    distances = squareform(pdist(corners))
    a, b = np.unravel_index(int(np.argmax(distances)), distances.shape)
    return np.asarray(corners[[a, b]])


def _longest_perpendicular_chord(polygon: NDArray[np.float64], long_ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the ends of the longest segment inside a closed polygon at a right angle to its long axis, shape (2, 2).

    The polygon is cut by one line half-way between each two neighbouring corners along the long axis. Every line crosses the polygon an
    even number of times; pieces between an odd and the next even crossing lie inside.
    """
    along = (long_ends[1] - long_ends[0]) / np.linalg.norm(long_ends[1] - long_ends[0])
    across = np.array([-along[1], along[0]])
    t, u = polygon @ along, polygon @ across
    levels = np.unique(t)
    best_length, best = 0.0, np.zeros((2, 2))
    for level in (levels[:-1] + levels[1:]) / 2:
        crossed = np.flatnonzero((t[:-1] > level) != (t[1:] > level))
        share = (level - t[crossed]) / (t[crossed + 1] - t[crossed])
        crossings = np.sort(u[crossed] + share * (u[crossed + 1] - u[crossed]))
        lengths = crossings[1::2] - crossings[::2]
        longest = int(np.argmax(lengths))
        if lengths[longest] > best_length:
            best_length = float(lengths[longest])
            best = np.array([level * along + crossings[2 * longest] * across, level * along + crossings[2 * longest + 1] * across])
    return best
