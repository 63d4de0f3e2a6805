"""Contours of maps as SVG path data."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from skimage.measure import approximate_polygon, find_contours

_FEWEST_CORNERS = 3


def closed_contours(values: NDArray[np.float32], level: float) -> list[NDArray[np.float64]]:
    """Where a map crosses a level, with whatever reaches its rim closed along the rim.

    Args:
        values: two-dimensional map.
        level: the level, above 0.

    Returns:
        One array of (row, column) indices, shape (n, 2), per contour; first point = last point.
    """
    contours = find_contours(np.pad(values, 1), level)
    return [np.asarray(contour - 1.0) for contour in contours]


def svg_path(polygons: Iterable[NDArray[np.float64]], tolerance: float) -> str:
    """Closed polygons as SVG path data, thinned out.

    Args:
        polygons: (x, y) points, shape (n, 2), first point = last point.
        tolerance: how far the path may stray, in the same unit.

    Returns:
        Path data with one decimal; polygons that vanish within the tolerance are left out.
    """
    parts = []
    for polygon in polygons:
        corners = approximate_polygon(polygon, tolerance)[:-1]
        if len(corners) >= _FEWEST_CORNERS:
            parts.append("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in corners) + "Z")
    return "".join(parts)
