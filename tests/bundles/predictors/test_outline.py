from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nodulescope.bundles.contracts import Candidate, CTVolume
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.bundles.predictors import Bundle, OutlinePredictor

Chest = Callable[..., CTVolume]
CENTER = (27.0, -38.0, 44.0)


def centroid(probability: np.ndarray, affine: np.ndarray) -> np.ndarray:
    # The far parts of the cube show the chest wall; the ball is what lies within 15 mm.
    points = index_to_world(affine, np.argwhere(probability > 0.5))
    return points[np.linalg.norm(points - CENTER, axis=1) < 15].mean(axis=0)


def test_the_ball_is_where_it_is_in_the_patient(outline_by_density: Bundle, chest: Chest, orientation: Any) -> None:
    ct = chest([(CENTER, 14.0)], orientation=orientation)
    asked = Candidate((CENTER[0] + 3, CENTER[1] - 2, CENTER[2] + 4), 14.0, 0.9)
    (outline,) = OutlinePredictor(outline_by_density)(ct, [asked])
    assert outline.probability.shape == (32, 32, 32)
    assert outline.probability.dtype == np.float32
    np.testing.assert_allclose(outline.affine_lps[:3, :3], np.eye(3), atol=1e-6)
    np.testing.assert_allclose(index_to_world(outline.affine_lps, [15.5] * 3), asked.center_lps_mm, atol=1e-4)
    np.testing.assert_allclose(centroid(outline.probability, outline.affine_lps), CENTER, atol=0.15)


def test_a_tilted_scan_makes_no_difference(outline_by_density: Bundle, chest: Chest) -> None:
    angle = np.radians(20)
    tilt = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    (outline,) = OutlinePredictor(outline_by_density)(chest([(CENTER, 14.0)], rotation=tilt), [Candidate(CENTER, 14.0, 0.9)])
    np.testing.assert_allclose(centroid(outline.probability, outline.affine_lps), CENTER, atol=0.15)


@pytest.mark.parametrize(("diameter", "voxel_mm"), [(4.0, 1.0), (20.0, 1.0), (30.0, 1.5)])
def test_masses_are_seen_through_larger_voxels(diameter: float, voxel_mm: float, outline_by_density: Bundle, chest: Chest) -> None:
    (outline,) = OutlinePredictor(outline_by_density)(chest([(CENTER, 14.0)]), [Candidate(CENTER, diameter, 0.9)])
    np.testing.assert_allclose(outline.affine_lps[:3, :3], np.eye(3) * voxel_mm, atol=1e-6)
    np.testing.assert_allclose(centroid(outline.probability, outline.affine_lps), CENTER, atol=0.15)


def test_outlines_come_in_the_candidates_order(outline_by_density: Bundle, chest: Chest) -> None:
    rng = np.random.default_rng(0)
    asked = [Candidate(tuple(np.add(CENTER, rng.uniform(-8, 8, 3))), 14.0, 0.9) for _ in range(6)]  # more than one batch
    outlines = OutlinePredictor(outline_by_density)(chest([(CENTER, 14.0)]), asked)
    middles = [index_to_world(o.affine_lps, [15.5] * 3) for o in outlines]
    np.testing.assert_allclose(middles, [c.center_lps_mm for c in asked], atol=1e-4)


def test_nothing_asked_nothing_outlined(outline_by_density: Bundle, chest: Chest) -> None:
    assert OutlinePredictor(outline_by_density)(chest([]), []) == ()
