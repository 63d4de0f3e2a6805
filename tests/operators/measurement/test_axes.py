from __future__ import annotations

import numpy as np
import pytest

from nodulescope.operators.measurement.axes import axial_axes
from nodulescope.operators.measurement.fine_outline import FineOutline, refine


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 0.7, 1.25)])
@pytest.mark.parametrize("softness_mm", [0.3, 1.2])
@pytest.mark.parametrize("diameter", [4.0, 6.5, 12.0, 24.0, 40.0])
def test_a_ball_has_its_diameter_in_every_direction(make_outline, diameter, softness_mm, spacing):
    axes = axial_axes(refine(make_outline((diameter,) * 3, center=(10.3, -20.4, 30.2), spacing=spacing, softness_mm=softness_mm)))
    assert axes.long_mm == pytest.approx(diameter, abs=0.15)
    assert axes.short_mm == pytest.approx(diameter, abs=0.15)
    assert axes.mean_mm == pytest.approx((axes.long_mm + axes.short_mm) / 2)


@pytest.mark.parametrize("turn", [0.0, 0.4, 1.1, 2.5])
@pytest.mark.parametrize("diameters", [(8.0, 5.0, 6.0), (20.0, 12.0, 9.0), (36.0, 30.0, 40.0)])
def test_an_ellipsoid_has_the_axes_of_its_largest_axial_section(make_outline, diameters, turn):
    center = np.array([10.4, -19.8, 30.3])
    axes = axial_axes(refine(make_outline(diameters, center=center, turn=turn)))
    assert axes.long_mm == pytest.approx(diameters[0], abs=0.15)
    assert axes.short_mm == pytest.approx(diameters[1], abs=0.15)

    along = np.subtract(axes.long_ends_lps_mm[1], axes.long_ends_lps_mm[0])
    across = np.subtract(axes.short_ends_lps_mm[1], axes.short_ends_lps_mm[0])
    assert np.linalg.norm(along) == pytest.approx(axes.long_mm)
    assert np.linalg.norm(across) == pytest.approx(axes.short_mm)
    assert abs(along @ across) < 1e-6 * axes.long_mm * axes.short_mm, "the axes stand at a right angle"
    assert abs(along @ (-np.sin(turn), np.cos(turn), 0)) < 0.1 * axes.long_mm, "the long axis lies along the ellipsoid's own"
    np.testing.assert_allclose(np.mean(axes.long_ends_lps_mm, axis=0), center, atol=0.3)
    heights = {round(end[2], 6) for end in (*axes.long_ends_lps_mm, *axes.short_ends_lps_mm)}
    assert len(heights) == 1, "both axes lie on one axial plane"


def test_the_short_axis_stays_inside_a_hollow_shape():
    # A horseshoe: two arms 4 mm wide with 6 mm of air between them, 14 mm across both.
    x, y, _ = np.meshgrid(np.arange(60) * 0.5, np.arange(60) * 0.5, np.arange(5) * 0.5, indexing="ij")

    def box(x0: float, x1: float, y0: float, y1: float) -> np.ndarray:
        return np.minimum.reduce([x - x0, x1 - x, y - y0, y1 - y])

    field = np.maximum.reduce([box(5, 25, 5.1, 9.1), box(5, 25, 15.1, 19.1), box(5, 9, 5.1, 19.1)])
    axes = axial_axes(FineOutline(field, np.diag([0.5, 0.5, 0.5, 1.0])))
    assert axes.long_mm == pytest.approx(np.hypot(20, 14), abs=0.3)
    outline_across = 14.0
    assert axes.short_mm < outline_across * 0.9
    middle = np.mean(axes.short_ends_lps_mm, axis=0)[:2]
    i, j = np.rint(middle / 0.5).astype(int)
    assert field[i, j, 2] > 0, "the middle of the short axis is nodule, not air"


def test_an_empty_field_has_no_axes():
    with pytest.raises(ValueError, match="no section"):
        axial_axes(FineOutline(np.full((5, 5, 5), -1.0), np.eye(4)))
