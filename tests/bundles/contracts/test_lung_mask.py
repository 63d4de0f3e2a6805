from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, LungMask


@pytest.fixture
def mask() -> LungMask:
    labels = np.zeros((20, 30, 40), np.uint8)
    labels[4:8, 10:20, 12:30] = RIGHT_LUNG
    labels[11:17, 10:20, 12:28] = LEFT_LUNG
    return LungMask(labels, np.diag([-2.0, 1.0, 2.5, 1.0]), True)


def test_volumes_of_each_and_of_both(mask: LungMask) -> None:
    assert mask.volume_ml(RIGHT_LUNG) == pytest.approx(4 * 10 * 18 * 5 / 1000)
    assert mask.volume_ml(LEFT_LUNG) == pytest.approx(6 * 10 * 16 * 5 / 1000)
    assert mask.volume_ml() == pytest.approx(mask.volume_ml(RIGHT_LUNG) + mask.volume_ml(LEFT_LUNG))


def test_the_box_holds_the_lungs_and_no_more(mask: LungMask) -> None:
    assert mask.bounding_box(0.0) == ((4, 10, 12), (17, 20, 30))


def test_a_margin_is_in_millimetres_and_rounded_up(mask: LungMask) -> None:
    assert mask.bounding_box(3.0) == ((2, 7, 10), (19, 23, 32))


def test_a_margin_stops_at_the_grid(mask: LungMask) -> None:
    assert mask.bounding_box(100.0) == ((0, 0, 0), (20, 30, 40))
