from __future__ import annotations

import math

import pytest
import torch

from nodulescope.bundles.nodule_grading.ratings import HEADS, SCALED, pack_ratings, reader_targets, scaled_ratings, to_grade


def test_ratings_never_leave_their_scale() -> None:
    low, middle, high = (scaled_ratings(torch.full((1, len(HEADS)), value))[0] for value in (-100.0, 0.0, 100.0))
    assert low.tolist() == [1.0] * len(SCALED)
    assert middle.tolist() == [3.0] * len(SCALED)
    assert high.tolist() == [5.0] * len(SCALED)


def test_targets_of_each_reader() -> None:
    packed = pack_ratings([[5, 4, 3, 2, 1, 2, 3, 6], [3, None, 3, 2, 1, 2, 3, 1], [2, 4, 3, 2, 1, 2, 3, None]])
    malignant, calcified, scaled = reader_targets(packed[None])
    assert malignant[0, :3].tolist() == [1.0, 0.5, 0.0]
    assert calcified[0, :2].tolist() == [0.0, 1.0]
    assert torch.isnan(calcified[0, 2])
    assert scaled[0, 0].tolist() == [5, 4, 3, 2, 1, 2, 3]
    assert torch.isnan(scaled[0, 1, 1])
    assert torch.isnan(malignant[0, 3])


def test_a_fifth_reader_is_left_out() -> None:
    assert pack_ratings([[1.0] * 8] * 5).shape == (4, 8)
    assert torch.isnan(pack_ratings([])).all()


def test_grade_of_raw_answers() -> None:
    raw = torch.zeros(len(HEADS), 1, 1, 1)
    raw[HEADS.index("nodule")] = math.log(3)
    raw[HEADS.index("malignancy")] = 100.0
    raw[HEADS.index("calcified")] = -math.log(4)
    grade = to_grade(raw)
    assert grade.probability == pytest.approx(0.75)
    assert grade.malignancy == 5.0
    assert grade.malignancy_probability == 0.5
    assert grade.attributes == pytest.approx({**dict.fromkeys(SCALED[1:], 3.0), "calcification": 0.2})
