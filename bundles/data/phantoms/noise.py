"""Smooth random fields."""

from __future__ import annotations

import numpy as np

from nodulescope.bundles.data.phantoms.grid import Field, Grid


def _spline_weights(coordinates: Field, first: float, step: float, number: int) -> Field:
    """Weights of a uniform cubic B-spline on ``number`` knots, for each coordinate: shape (coordinates, knots)."""
    knots = first + step * np.arange(number)
    distance = np.abs(coordinates.reshape(-1, 1) - knots) / step
    inner = 2 / 3 - distance**2 + distance**3 / 2
    outer = np.maximum(2 - distance, 0) ** 3 / 6
    return np.where(distance < 1, inner, outer).astype(np.float32)


def smooth_noise(rng: np.random.Generator, grid: Grid, scale_mm: float) -> Field:
    """A random field of mean 0 and standard deviation 1 that varies over about ``scale_mm``, on a grid.

    It is a cubic spline through independent normal numbers on a lattice of that step, so its price hardly depends on the scale.
    """
    weights, shape = [], []
    for axis in (2, 1, 0):
        length = grid.spacing_mm[axis] * (grid.shape[2 - axis] - 1)
        number = int(np.ceil(length / scale_mm)) + 4
        line = grid.axes()[axis].ravel()
        weights.append(_spline_weights(line, grid.origin_mm[axis] - 1.5 * scale_mm, scale_mm, number))
        shape.append(number)
    lattice = rng.standard_normal(shape, dtype=np.float32)
    field = np.matmul(weights[1], np.matmul(lattice, weights[2].T))
    # A cubic B-spline keeps 0.48 of the variance of independent coefficients along each axis, averaged over a lattice cell.
    first = (weights[0] / np.float32(0.479**1.5)) @ field.reshape(len(field), -1)
    return np.asarray(first.reshape(grid.shape), dtype=np.float32)
