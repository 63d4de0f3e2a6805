from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from small_chest import SmallChest

from nodulescope.apps.nodule_label.marked_nodules import marked_nodules


def test_nodules_have_their_place_and_size(submit: Callable, chest: SmallChest) -> None:
    marked = marked_nodules(submit(chest.nodules, ratings={2: {"malignancy": 4.0}}))
    assert [nodule.number for nodule in marked] == [1, 2]
    for nodule, center, diameter in zip(marked, chest.centers_lps_mm, chest.diameters_mm, strict=True):
        assert np.linalg.norm(np.subtract(nodule.center_lps_mm, center)) < 1.5
        assert nodule.diameter_mm == pytest.approx(diameter, abs=1.0)
    assert [nodule.is_rated for nodule in marked] == [False, True]
    assert marked[1].ratings[0] == 4.0 and marked[1].ratings[1] is None


def test_nodules_painted_with_one_label_are_taken_apart(submit: Callable, chest: SmallChest) -> None:
    assert len(marked_nodules(submit((chest.nodules > 0).astype(np.uint8)))) == 2


def test_an_empty_label_marks_nothing(submit: Callable, chest: SmallChest) -> None:
    assert marked_nodules(submit(np.zeros_like(chest.nodules))) == ()
