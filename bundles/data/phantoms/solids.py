"""Signed distances of simple solids in mm, negative inside, and their smooth unions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nodulescope.bundles.data.phantoms.grid import Field, Grid

FAR_MM = 40.0
"""Distance written where a solid is too far away to matter."""


def smooth_max(a: Field, b: Field, blend_mm: float) -> Field:
    """Intersection of two solids whose common edge is rounded over ``blend_mm`` (polynomial smooth maximum)."""
    overlap = a - b
    np.abs(overlap, out=overlap)
    np.subtract(np.float32(blend_mm), overlap, out=overlap)
    np.maximum(overlap, 0, out=overlap)
    overlap *= overlap
    overlap /= np.float32(4 * blend_mm)
    overlap += np.maximum(a, b)
    return np.asarray(overlap, dtype=np.float32)


def smooth_min(a: Field, b: Field, blend_mm: float) -> Field:
    """Union of two solids whose common edge is rounded over ``blend_mm``."""
    return -smooth_max(-a, -b, blend_mm)


def ellipsoid(x: Field, y: Field, z: Field, centre: ArrayLike, radii: ArrayLike) -> Field:
    """Approximate signed distance to an ellipsoid along the axes: exact to first order at its surface."""
    c, r = np.asarray(centre, dtype=np.float32), np.asarray(radii, dtype=np.float32)
    u, v, w = (x - c[0]) / r[0], (y - c[1]) / r[1], (z - c[2]) / r[2]
    norm = np.sqrt(u * u + v * v + w * w)
    slope = np.sqrt((u / r[0]) ** 2 + (v / r[1]) ** 2 + (w / r[2]) ** 2) + np.float32(1e-6)
    return np.asarray(norm * (norm - 1) / slope, dtype=np.float32)


def curve(points: ArrayLike, radii: ArrayLike, step_mm: float = 6.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Resample a polyline as a Catmull-Rom curve, with its radii.

    Args:
        points: corners, shape (n, 3), mm.
        radii: radius at each corner, shape (n,), or one radius.
        step_mm: longest piece.

    Returns:
        Points (m, 3) and radii (m,).
    """
    p = np.asarray(points, dtype=np.float64)
    r = np.broadcast_to(np.asarray(radii, dtype=np.float64), (len(p),))
    ends = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    out, widths = [p[:1]], [r[:1]]
    for i in range(len(p) - 1):
        a, b, c, d = ends[i : i + 4]
        pieces = max(int(np.ceil(np.linalg.norm(c - b) / step_mm)), 1)
        t = (np.arange(1, pieces + 1) / pieces)[:, None]
        out.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
        widths.append(r[i] + (r[i + 1] - r[i]) * t[:, 0])
    return np.concatenate(out), np.concatenate(widths)


def tubes(grid: Grid, paths: Sequence[tuple[ArrayLike, ArrayLike]], reach_mm: float = 14.0) -> Field:
    """Signed distance to a union of curved tubes on a whole grid; beyond ``reach_mm`` it is only a lower bound or :data:`FAR_MM`.

    Args:
        grid: where to compute it.
        paths: for each tube its corners in LPS mm (n, 3) and its radii in mm.
        reach_mm: distance outside the tubes up to which the field is exact.
    """
    field = np.full(grid.shape, FAR_MM, dtype=np.float32)
    for corners, radii in paths:
        points, widths = curve(corners, radii)
        for i in range(len(points) - 1):
            a, b, wide = points[i], points[i + 1], max(widths[i], widths[i + 1])
            box = grid.box(np.minimum(a, b) - wide - reach_mm, np.maximum(a, b) + wide + reach_mm)
            block = field[box]
            if block.size:
                np.minimum(block, capsule(*grid.axes(box), a, b, float(widths[i]), float(widths[i + 1])), out=block)
    return field


def capsule(x: Field, y: Field, z: Field, a: NDArray[np.float64], b: NDArray[np.float64], radius_a: float, radius_b: float) -> Field:
    """Signed distance to a tapered capsule from ``a`` to ``b``."""
    d = (b - a).astype(np.float32)
    length2 = np.float32(max(float(d @ d), 1e-9))
    x, y, z = x - np.float32(a[0]), y - np.float32(a[1]), z - np.float32(a[2])
    t = np.clip(((x * d[0] + y * d[1]) + z * d[2]) / length2, 0, 1)
    u, v, w = x - t * d[0], y - t * d[1], z - t * d[2]
    return np.asarray(np.sqrt(u * u + v * v + w * w) - (np.float32(radius_a) + t * np.float32(radius_b - radius_a)), dtype=np.float32)
