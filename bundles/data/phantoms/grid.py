"""The working grid, its coarser copy, and the way from the coarse to the fine one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates

from nodulescope.bundles.data.phantoms.scanner import Scanner

Field = NDArray[np.float32]

COARSE_STEP_MM = 2.2
"""Smooth shapes are computed on steps of about this: a signed distance is nearly linear, so interpolating it at 2 mm moves a surface
with a radius of curvature of 10 mm by only 0.05 mm."""

FINE_SLICE_MM = 1.3
"""Thickest slab that is composed as one; thicker slices are averaged from several."""


@dataclass(frozen=True)
class Grid:
    """A regular grid in LPS mm. Arrays on it are indexed (z, y, x), so that an axial slice lies together in memory.

    Attributes:
        origin_mm: centre of the first voxel (x, y, z).
        spacing_mm: (x, y, z).
        shape: number of voxels (z, y, x).
    """

    origin_mm: tuple[float, float, float]
    spacing_mm: tuple[float, float, float]
    shape: tuple[int, int, int]

    def axes(self, box: tuple[slice, slice, slice] | None = None) -> tuple[Field, Field, Field]:
        """Coordinates x, y, z of the voxel centres, shaped to broadcast against each other, over the whole grid or a box (z, y, x)."""
        lines = []
        for axis in range(3):
            number = self.shape[2 - axis]
            line = self.origin_mm[axis] + self.spacing_mm[axis] * np.arange(number, dtype=np.float64)
            if box is not None:
                line = line[box[2 - axis]]
            lines.append(line.astype(np.float32))
        return lines[0][None, None, :], lines[1][None, :, None], lines[2][:, None, None]

    def index(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Fractional voxel indices (z, y, x) of LPS points, shape (..., 3)."""
        shifted = (np.asarray(points_mm, dtype=np.float64) - self.origin_mm) / self.spacing_mm
        return np.asarray(shifted[..., ::-1])

    def box(self, low_mm: ArrayLike, high_mm: ArrayLike) -> tuple[slice, slice, slice]:
        """The voxels (z, y, x) whose centres lie between two LPS corners, cut to the grid; empty slices when there are none."""
        low = np.ceil(self.index(low_mm) - 1e-6).astype(int)
        high = np.floor(self.index(high_mm) + 1e-6).astype(int) + 1
        z, y, x = (slice(max(int(a), 0), max(min(int(b), n), max(int(a), 0))) for a, b, n in zip(low, high, self.shape, strict=True))
        return z, y, x

    def coarse(self) -> tuple[Grid, tuple[int, int, int]]:
        """A grid on every n-th voxel that covers this one, and those n along (z, y, x)."""
        factors = tuple(max(round(COARSE_STEP_MM / s), 1) for s in self.spacing_mm)
        shape = tuple(math.ceil((n - 1) / f) + 1 for n, f in zip(self.shape, factors[::-1], strict=True))
        spacing = tuple(s * f for s, f in zip(self.spacing_mm, factors, strict=True))
        grid = Grid(self.origin_mm, (spacing[0], spacing[1], spacing[2]), (shape[0], shape[1], shape[2]))
        return grid, (factors[2], factors[1], factors[0])

    def affine_lps(self) -> NDArray[np.float64]:
        """4x4 matrix from (i, j, k), that is (x, y, z) indices, to LPS mm."""
        affine = np.diag([*self.spacing_mm, 1.0])
        affine[:3, 3] = self.origin_mm
        return affine


def refine(field: Field, factors: tuple[int, int, int]) -> Field:
    """Interpolate a block of a coarse field linearly: ``n`` samples along an axis become ``(n - 1) * factor + 1``."""
    for axis, factor in enumerate(factors):
        if factor == 1:
            continue
        number = field.shape[axis]
        shape = list(field.shape)
        shape[axis] = (number - 1) * factor + 1
        out = np.empty(shape, dtype=np.float32)
        before: tuple[slice, ...] = tuple(slice(0, -1) if a == axis else slice(None) for a in range(3))
        after: tuple[slice, ...] = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        for phase in range(factor):
            target = tuple(slice(phase, None, factor) if a == axis else slice(None) for a in range(3))
            if phase == 0:
                out[target] = field
            else:
                weight = np.float32(phase / factor)
                out[target] = field[before] * (1 - weight) + field[after] * weight
        field = out
    return field


def sample(field: Field, grid: Grid, points_mm: ArrayLike) -> NDArray[np.float64]:
    """Interpolate a field linearly at LPS points, shape (..., 3); points outside take the value at the border."""
    index = grid.index(points_mm)
    values = map_coordinates(field, index.reshape(-1, 3).T, output=np.float64, order=1, mode="nearest")
    return np.asarray(values.reshape(index.shape[:-1]))


def working_grid(scanner: Scanner, low_mm: ArrayLike, high_mm: ArrayLike) -> tuple[Grid, int]:
    """The grid on which a scan is composed: the scanner's in the plane, finer along z when slices are thick.

    Args:
        scanner: voxel size and field of view.
        low_mm: lowest LPS corner that has to be covered.
        high_mm: highest LPS corner.

    Returns:
        The grid, and how many of its slabs make one slice spacing.
    """
    low, high = np.asarray(low_mm, dtype=np.float64), np.asarray(high_mm, dtype=np.float64)
    sx, sy, sz = scanner.spacing_mm
    if scanner.field_of_view_mm is None:
        nx, ny = (math.ceil((high[a] - low[a]) / s) for a, s in ((0, sx), (1, sy)))
    else:
        nx, ny = (round(scanner.field_of_view_mm / s) for s in (sx, sy))
    nz = math.ceil((high[2] - low[2]) / sz)
    split = max(math.ceil(sz / FINE_SLICE_MM - 1e-9), 1)
    centre = (low + high) / 2
    # The first slab centre of a slice lies half a slice minus half a slab below the slice's centre.
    origin = (centre[0] - sx * (nx - 1) / 2, centre[1] - sy * (ny - 1) / 2, low[2] - sz * (split - 1) / (2 * split))
    grid = Grid((float(origin[0]), float(origin[1]), float(origin[2])), (sx, sy, sz / split), (nz * split, ny, nx))
    return grid, split
