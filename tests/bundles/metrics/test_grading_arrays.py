from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from nodulescope.bundles.metrics.graded_cases import GradedCase
from nodulescope.bundles.metrics.grading_arrays import grading_arrays, reader_pairs

ONE = GradedCase("one", "p1", True, (5.0, 3.0, 1.0, 4.0), 0.9, 4.0, 0.75, diameter_mm=9.0, size_malignancy=3.0)
TWO = GradedCase("two", "p2", True, (2.0,), 0.8, 2.0, 0.25, diameter_mm=5.0, size_malignancy=2.0)
EMPTY = GradedCase("empty", "p1", False, (), 0.1, 1.5, 0.1)


def test_means_and_votes() -> None:
    arrays = grading_arrays([ONE, TWO, EMPTY])
    assert arrays.mean[:2].tolist() == [3.25, 2.0]
    assert arrays.votes[:2].tolist() == [2.5 / 4, 0.0]  # a 3 is half a vote
    assert arrays.rated.tolist() == [True, True, False]
    assert math.isnan(arrays.mean[2]) and math.isnan(arrays.votes[2])
    assert arrays.nodule.tolist() == [True, True, False]


def test_an_opinion_is_complete_or_left_out() -> None:
    assert set(grading_arrays([ONE, TWO, EMPTY]).columns) == {"network", "probability", "size"}
    without = grading_arrays([ONE, replace(TWO, diameter_mm=math.nan), EMPTY])
    assert set(without.columns) == {"network", "probability"}
    assert set(without.steps) == {"network"}
    unfitted = grading_arrays([ONE, replace(TWO, size_malignancy=math.nan)])
    assert set(unfitted.columns) == {"network", "probability", "size"}
    assert set(unfitted.steps) == {"network"}
    beside = grading_arrays([replace(ONE, slice_cnn_probability=0.5), replace(TWO, slice_cnn_probability=0.25)])
    assert beside.columns["slice_cnn"].tolist() == [0.5, 0.25]


def test_every_reader_is_paired_with_the_others() -> None:
    pairs = reader_pairs(grading_arrays([ONE, TWO, EMPTY]), np.array([0, 1, 0]))
    assert pairs.rating.tolist() == [5.0, 3.0, 1.0, 4.0]
    assert pairs.others == pytest.approx([8 / 3, 10 / 3, 4.0, 3.0])
    assert pairs.network.tolist() == [4.0] * 4
    assert pairs.places.tolist() == [0] * 4
