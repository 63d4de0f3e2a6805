"""Grids: coordinates, refinement and interpolation."""

from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.coordinates import index_to_world
from nodulescope.bundles.data.phantoms import Scanner
from nodulescope.bundles.data.phantoms.grid import Grid, refine, sample, working_grid

GRID = Grid((-10.0, 5.0, 2.0), (0.5, 0.5, 1.25), (9, 20, 30))


def test_refined_plane_is_the_plane() -> None:
    coarse, factors = GRID.coarse()
    assert factors == (2, 4, 4)
    x, y, z = coarse.axes()
    fine = refine((2 * x - y + 3 * z).astype(np.float32), factors)[:9, :20, :30]
    fx, fy, fz = GRID.axes()
    assert np.allclose(fine, 2 * fx - fy + 3 * fz, atol=1e-4)


def test_sample_interpolates_a_plane() -> None:
    x, y, z = GRID.axes()
    points = np.array([[-8.3, 7.1, 4.4], [-9.9, 5.2, 11.7]])
    assert sample((x + 2 * y - z).astype(np.float32), GRID, points) == pytest.approx(points @ [1, 2, -1], abs=1e-4)


def test_box_holds_exactly_the_voxels_between_its_corners() -> None:
    z, y, x = GRID.box((-9.1, 5.0, 4.0), (-8.0, 6.2, 100.0))
    assert (x.start, x.stop) == (2, 5)
    assert (y.start, y.stop) == (0, 3)
    assert (z.start, z.stop) == (2, 9)


@pytest.mark.parametrize(("step", "split"), [(1.0, 1), (1.25, 1), (2.5, 2), (5.0, 4)])
def test_slabs_average_to_slices(step: float, split: int) -> None:
    grid, parts = working_grid(Scanner((1.0, 1.0, step)), (-20, -20, -30), (20, 20, 30))
    assert parts == split
    assert grid.spacing_mm[2] == pytest.approx(step / split)
    assert grid.shape[0] % split == 0
    first_slice = grid.axes()[2].ravel()[:split].mean()
    assert first_slice == pytest.approx(-30.0)


def test_affine_maps_indices_to_millimetres() -> None:
    assert index_to_world(GRID.affine_lps(), [2, 4, 8]) == pytest.approx([-9.0, 7.0, 12.0])
