from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodulescope.bundles.data.phantoms import Motion, Patient, Posture
from nodulescope.bundles.data.phantoms.grid import Grid
from nodulescope.bundles.data.phantoms.posture import draw_posture
from nodulescope.bundles.errors import UsageError

PATIENT = Patient(lung_height_mm=200.0, half_depth_mm=80.0)
GRID = Grid((-130.0, -90.0, -90.0), (10.0, 10.0, 10.0), (30, 20, 28))


def motion(**changes: object) -> Motion:
    return Motion(Posture(**changes), PATIENT, GRID, 3)  # type: ignore[arg-type]


def test_no_change_moves_nothing() -> None:
    points = np.array([(10.0, -40.0, 30.0), (-80.0, 60.0, 180.0)])
    np.testing.assert_array_equal(motion().to_later(points), points)
    np.testing.assert_array_equal(motion().to_earlier(points), points)


def test_the_diaphragm_rises_and_the_apex_stays() -> None:
    moved = motion(diaphragm_mm=20.0).to_later([(50.0, 0.0, -30.0), (50.0, 0.0, 60.0), (50.0, 0.0, 200.0)])
    np.testing.assert_allclose(moved[:, :2], [(50.0, 0.0)] * 3)
    assert moved[0, 2] == pytest.approx(-10.0)
    assert 60.0 + 5.0 < moved[1, 2] < 60.0 + 15.0
    assert moved[2, 2] == pytest.approx(200.0)


def test_the_front_wall_sinks_and_the_back_stays() -> None:
    moved = motion(chest_mm=8.0).to_later([(0.0, -72.0, 100.0), (0.0, 60.0, 100.0)])
    # It sinks by 8 mm for each 80 mm in front of the middle, counted where the point came to lie: y = -72 - 0.1 y.
    assert moved[0, 1] == pytest.approx(-72.0 / 1.1)
    assert moved[1, 1] == pytest.approx(60.0)


def test_the_body_turns_about_the_middle_of_the_chest_and_is_shifted() -> None:
    turned = motion(rotation_deg=(0.0, 0.0, 20.0), shift_mm=(5.0, -3.0, 40.0))
    np.testing.assert_allclose(turned.to_later((0.0, 0.0, 100.0)), (5.0, -3.0, 140.0))
    angle = np.deg2rad(20.0)
    np.testing.assert_allclose(turned.to_later((60.0, 0.0, 100.0)), (5.0 + 60 * np.cos(angle), -3.0 + 60 * np.sin(angle), 140.0))


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_there_and_back_for_drawn_postures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    there = Motion(draw_posture(rng), PATIENT, GRID, seed)
    points = rng.uniform((-120.0, -80.0, -80.0), (120.0, 80.0, 200.0), (50, 3))
    np.testing.assert_allclose(there.to_earlier(there.to_later(points)), points, atol=1e-6)


def test_the_uneven_part_is_of_its_size_and_the_same_for_the_same_seed() -> None:
    points = np.random.default_rng(0).uniform((-120.0, -80.0, -80.0), (120.0, 80.0, 180.0), (4000, 3))
    moved = motion(uneven_mm=2.0).to_earlier(points) - points
    assert moved.std() == pytest.approx(2.0, rel=0.35)
    np.testing.assert_array_equal(motion(uneven_mm=2.0).to_earlier(points) - points, moved)


@pytest.mark.parametrize("changes", [{"diaphragm_mm": 41.0}, {"chest_mm": -16.0}, {"uneven_mm": 5.0}, {"rotation_deg": (0.0, 31.0, 0.0)}])
def test_what_would_fold_the_body_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="posture"):
        motion(**changes)
