from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, LungMask
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.operators.examination.nodule import Side
from nodulescope.operators.measurement.position import side


@pytest.fixture(params=[1.0, -1.0], ids=["i to the left", "i to the right"])
def lungs(request):
    affine = np.diag([request.param * 2.0, 2.0, 2.5, 1.0])
    affine[:3, 3] = (-60.0 * request.param, -40.0, 100.0)
    labels = np.zeros((61, 41, 20), dtype=np.uint8)
    x = index_to_world(affine, np.stack([np.arange(61), np.zeros(61), np.zeros(61)], axis=1))[:, 0]
    labels[(x < -10) & (x > -50)] = RIGHT_LUNG
    labels[(x > 10) & (x < 50)] = LEFT_LUNG
    return LungMask(labels, affine, True)


@pytest.mark.parametrize(
    ("x", "expected"),
    [(sign * distance, expected) for sign, expected in ((-1, Side.RIGHT), (1, Side.LEFT)) for distance in (30, 4, 58, 300)],
)
def test_the_side_is_that_of_the_lung_at_the_centre_or_nearest_to_it(lungs, x, expected):
    assert side(lungs, (x, 0.0, 120.0)) is expected


def test_a_far_lung_is_found_too():
    labels = np.zeros((200, 10, 10), dtype=np.uint8)
    labels[0, 0, 0] = LEFT_LUNG
    assert side(LungMask(labels, np.eye(4), True), (199.0, 9.0, 9.0)) is Side.LEFT


def test_without_lungs_there_is_no_side():
    with pytest.raises(ValueError, match="empty"):
        side(LungMask(np.zeros((5, 5, 5), dtype=np.uint8), np.eye(4), True), (2.0, 2.0, 2.0))
