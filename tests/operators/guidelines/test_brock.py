from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodulescope.operators.examination import NoduleType
from nodulescope.operators.guidelines.brock import (
    INTERCEPT,
    MEAN_AGE,
    MEAN_COUNT,
    MEAN_SIZE_TERM,
    PER_NODULE,
    PER_YEAR,
    SIZE,
    BrockInputs,
    brock,
)
from nodulescope.operators.guidelines.history import Sex

KNOWN: dict[str, Any] = {
    "age": 62.0,
    "sex": Sex.MALE,
    "family_history": False,
    "emphysema": False,
    "upper_lobe": False,
    "spiculation": False,
}


def inputs(kind: str = "solid", long_axis_mm: float = 4.0, count: int = 4, **changes: Any) -> BrockInputs:
    return BrockInputs(NoduleType(kind), long_axis_mm, count, **(KNOWN | changes))


def test_the_intercept_without_centring_is_the_published_one() -> None:
    assert pytest.approx(0.2761, abs=5e-5) == INTERCEPT - PER_YEAR * MEAN_AGE - SIZE * MEAN_SIZE_TERM - PER_NODULE * MEAN_COUNT


@pytest.mark.parametrize(
    ("case", "log_odds"),
    [
        # Every term at its centre leaves the intercept: 0.11 %.
        (inputs(), -6.7892),
        # 8 mm: -5.3854 * (1.11803399 - 1.58113883) = 2.4940; one nodule: -0.0824 * -3 = 0.2472; man of 62: -4.0480, 1.7 %.
        (inputs(long_axis_mm=8.0, count=1), -4.0480),
        # Woman of 70 with family history and emphysema, spiculated part-solid nodule of 15 mm in an upper lobe, two nodules:
        # -6.7892 + 0.2296 + 0.6011 + 0.2961 + 0.2953 + 4.1179 + 0.3770 + 0.6581 + 0.1648 + 0.7729 = 0.7236, 67 %.
        (
            inputs("part-solid", 15.0, 2, age=70.0, sex=Sex.FEMALE, family_history=True, emphysema=True, upper_lobe=True, spiculation=True),
            0.7236,
        ),
        # Woman of 55, ground glass of 20 mm, six nodules, otherwise nothing:
        # -6.7892 - 0.2009 + 0.6011 + 4.7070 - 0.1276 - 0.1648 = -1.9744, 12 %.
        (inputs("ground-glass", 20.0, 6, age=55.0, sex=Sex.FEMALE), -1.9744),
    ],
)
def test_probabilities_are_those_computed_by_hand(case: BrockInputs, log_odds: float) -> None:
    risk = brock(case)
    assert risk.low == risk.high == pytest.approx(1 / (1 + math.exp(-log_odds)), rel=2e-4)
    assert risk.unknown == ()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("age", 50.0, 75.0),
        ("sex", Sex.MALE, Sex.FEMALE),
        ("family_history", False, True),
        ("emphysema", False, True),
        ("upper_lobe", False, True),
        ("spiculation", False, True),
    ],
)
def test_an_unknown_input_spans_what_it_may_be(name: str, low: Any, high: Any) -> None:
    case = inputs(long_axis_mm=12.0)
    risk = brock(replace(case, **{name: None}))
    assert risk.unknown == (name,)
    assert risk.low == pytest.approx(brock(replace(case, **{name: low})).low)
    assert risk.high == pytest.approx(brock(replace(case, **{name: high})).high)


def test_calcified_counts_as_solid() -> None:
    assert brock(inputs("calcified", 9.0)) == brock(inputs("solid", 9.0))


@pytest.mark.parametrize(("long_axis_mm", "count"), [(0.0, 1), (-1.0, 1), (5.0, 0)])
def test_there_must_be_a_nodule(long_axis_mm: float, count: int) -> None:
    with pytest.raises(ValueError, match="positive size"):
        inputs(long_axis_mm=long_axis_mm, count=count)


booleans = st.booleans()
cases = st.builds(
    BrockInputs,
    st.sampled_from(NoduleType),
    st.floats(1, 30),
    st.integers(1, 40),
    st.floats(50, 75),
    st.sampled_from(Sex),
    booleans,
    booleans,
    booleans,
    booleans,
)


@given(cases, st.sets(st.sampled_from(sorted(KNOWN))))
def test_the_range_holds_every_patient_that_fits_it(case: BrockInputs, hidden: set[str]) -> None:
    point, risk = brock(case).low, brock(replace(case, **dict.fromkeys(hidden)))
    assert risk.low - 1e-12 <= point <= risk.high + 1e-12
    assert set(risk.unknown) == hidden
    assert 0 < risk.low <= risk.high < 1


@given(cases, st.floats(0, 30))
def test_the_risk_never_falls_when_a_nodule_is_larger(case: BrockInputs, more: float) -> None:
    assert brock(replace(case, long_axis_mm=case.long_axis_mm + more)).low >= brock(case).low
