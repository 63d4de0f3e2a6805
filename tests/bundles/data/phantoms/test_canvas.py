"""Painting: soft edges, thin sheets, and fields left as they were."""

from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.data.phantoms.canvas import Canvas
from nodulescope.bundles.data.phantoms.grid import Field, Grid

FINE = Grid((-20.0, -20.0, -20.0), (1.0, 1.0, 1.0), (41, 41, 41))
COARSE = Grid((-24.0, -24.0, -24.0), (3.0, 3.0, 3.0), (17, 17, 17))


def ball(canvas: Canvas, radius: float) -> Field:
    x, y, z = canvas.coarse.axes()
    return np.asarray(np.sqrt(x * x + y * y + z * z) - radius, dtype=np.float32)


@pytest.mark.parametrize("grid", [FINE, COARSE])
def test_ball_has_the_mass_of_a_ball(grid: Grid) -> None:
    canvas = Canvas(grid)
    canvas.paint(ball(canvas, 12.0), 0.0)
    mass = float((canvas.hu + 1000).sum()) * np.prod(grid.spacing_mm) / 1000
    assert mass == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.03)
    assert canvas.hu.max() == 0.0
    assert canvas.hu.min() == -1000.0


@pytest.mark.parametrize("grid", [FINE, COARSE])
def test_painting_leaves_the_field_alone(grid: Grid) -> None:
    canvas = Canvas(grid)
    field = ball(canvas, 12.0)
    before = field.copy()
    canvas.paint(field, 40.0, texture=field)
    canvas.paint_sheet(field, field - 3, 0.5, 0.0)
    canvas.label(field)
    assert np.array_equal(field, before)


def test_sheet_thinner_than_a_voxel_fills_its_share() -> None:
    canvas = Canvas(FINE)
    x, y, z = canvas.coarse.axes()
    canvas.paint_sheet(x + 0 * y + 0 * z - np.float32(0.3), ball(canvas, 15.0), 0.25, 0.0)
    across = canvas.hu[20, 20] + 1000
    assert across.sum() == pytest.approx(250.0, rel=1e-3)


def test_label_is_the_inside() -> None:
    canvas = Canvas(FINE)
    label = canvas.label(ball(canvas, 12.0))
    assert np.count_nonzero(label) == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.02)
