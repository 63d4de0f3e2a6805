from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodulescope.bundles.contracts import Candidate, Grade
from nodulescope.bundles.errors import UsageError
from nodulescope.operators.nodules import Thresholds, nodule_probability, select
from nodulescope.operators.nodules.selection import likely


def candidate(score: float) -> Candidate:
    return Candidate((0.0, 0.0, 0.0), 8.0, score)


def grade(probability: float) -> Grade:
    return Grade(probability, 3.0, 0.5, {})


def test_the_best_candidates_are_looked_at_best_first() -> None:
    scores = [0.2, 0.9, 0.3, 0.5, 0.29, 0.7]
    chosen = select([candidate(s) for s in scores], Thresholds(detection_score=0.3))
    assert [c.score for c in chosen] == [0.9, 0.7, 0.5, 0.3]
    assert [c.score for c in select(chosen, Thresholds(most_candidates=2))] == [0.9, 0.7]
    assert select([], Thresholds()) == ()


def test_what_cannot_be_reported_is_not_outlined() -> None:
    candidates, grades = [candidate(score) for score in (0.9, 0.6, 0.3)], [grade(0.9), grade(0.6), grade(0.3)]
    thresholds = Thresholds(nodule_probability=0.8, confirmed_probability=0.5)
    assert [one.score for one, _ in likely(candidates, grades, thresholds)] == [0.9, 0.6]
    assert likely(candidates, grades, thresholds.without_prior()) == [(candidates[0], grades[0])]
    assert likely(candidates, grades, Thresholds(nodule_probability=0.2, confirmed_probability=0.5).without_prior()) == [
        *zip(candidates, grades, strict=True)
    ]


@pytest.mark.parametrize(
    ("score", "graded", "weight", "expected"),
    [
        (0.5, 0.5, 0.5, 0.5),
        (0.9, 0.9, 0.5, 0.9),
        (0.9, 0.1, 0.5, 0.5),
        (0.8, 0.2, 0.25, 0.3333),  # odds 4^(1/4) * (1/4)^(3/4) = 1/2
        (0.9, 0.3, 1.0, 0.9),
        (0.9, 0.3, 0.0, 0.3),
        (0.6, 0.001, 0.5, 0.0373),  # a near-certain no outweighs a lukewarm yes
        (1.0, 1.0, 0.5, 0.9990),  # a score beyond 0.99 says nothing more
        (0.0, 0.0, 0.5, 0.0001),
        (1.0, 0.0, 0.5, 0.0905),
    ],
)
def test_detector_and_grading_are_weighed_as_log_odds(score: float, graded: float, weight: float, expected: float) -> None:
    assert nodule_probability(candidate(score), grade(graded), Thresholds(detector_weight=weight)) == pytest.approx(expected, abs=5e-5)


@given(score=st.floats(0, 1), graded=st.floats(0, 1), more=st.floats(0, 1), weight=st.floats(0, 1))
def test_more_conviction_never_lowers_the_probability(score: float, graded: float, more: float, weight: float) -> None:
    thresholds = Thresholds(detector_weight=weight)
    low = nodule_probability(candidate(score), grade(graded), thresholds)
    assert 0 < low < 1
    assert nodule_probability(candidate(max(score, more)), grade(graded), thresholds) >= low - 1e-12
    assert nodule_probability(candidate(score), grade(max(graded, more)), thresholds) >= low - 1e-12


@pytest.mark.parametrize(
    "values",
    [
        {"detection_score": -0.1},
        {"detection_score": 1.1},
        {"nodule_probability": 2},
        {"detector_weight": float("nan")},
        {"most_candidates": 0},
        {"most_candidates": 256},
        {"most_candidates": 2.5},
        {"smallest_mm": -1.0},
    ],
)
def test_operating_points_out_of_range_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(values))):
        Thresholds(**values)
