from __future__ import annotations

import re

import numpy as np
import pytest

from nodulescope.bundles.data.annotation_check.marked_voxels import MarkedVoxels
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.data.review.overlays import box_on, lungs_path, outline_path
from nodulescope.bundles.data.review.plane import Plane

CUBE = MarkedVoxels(np.ones((6, 4, 2), bool), np.diag([1.0, 1.0, 2.0, 1.0]), at_border=False)
"""Voxels from -0.5 to 5.5, -0.5 to 3.5 and -1 to 3 mm."""


def bounds(path: str) -> np.ndarray:
    """Left, top, right, bottom of a path."""
    points = np.array([[float(v) for v in pair.split(",")] for pair in re.findall(r"-?[\d.]+,-?[\d.]+", path)])
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def test_an_outline_runs_around_its_voxels_in_each_plane_that_cuts_it() -> None:
    expected = {"axial": (-3.0, -2.0, 3.0, 2.0), "coronal": (-3.0, -2.0, 3.0, 2.0), "sagittal": (-2.0, -2.0, 2.0, 2.0)}
    for name, edges in expected.items():
        path = outline_path(CUBE, Plane(name, (2.5, 1.5, 1.0), 60.0))
        np.testing.assert_allclose(bounds(path), edges, atol=0.01)
        assert path.startswith("M") and path.endswith("Z")


def test_a_plane_that_misses_draws_nothing() -> None:
    aside = Plane("axial", (2.5, 1.5, 4.0), 60.0)
    assert outline_path(CUBE, aside) == ""
    assert box_on(CUBE.box, aside) is None
    assert box_on(CUBE.box, Plane("axial", (2.5, 1.5, 2.9), 60.0)) == (-3.0, -2.0, 6.0, 4.0)
    assert box_on([2.5, 1.5, 1.0, 5.0, 5.0, 0.0], Plane("axial", (2.5, 1.5, 1.0), 60.0)) is None


def test_on_a_grid_that_is_turned_against_the_patient_nothing_is_drawn() -> None:
    turned = np.eye(4)
    turned[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    assert outline_path(MarkedVoxels(CUBE.inside, turned, at_border=False), Plane("axial", (0.0, 0.0, 0.0), 60.0)) == ""


def test_borders_of_lungs_are_cut_to_the_picture() -> None:
    labels = np.zeros((200, 200, 20), np.uint8)
    labels[:100] = 2
    lungs = Volume(labels, np.eye(4))
    plane = Plane("axial", (95.0, 100.0, 10.0), 60.0)
    left, top, right, bottom = bounds(lungs_path(lungs, plane))
    assert right == pytest.approx(99.5 - 95.0)
    assert -35.0 < left <= -30.0 and -35.0 < top <= -30.0 and 30.0 <= bottom < 35.0
    assert lungs_path(lungs, Plane("axial", (900.0, 100.0, 10.0), 60.0)) == ""
