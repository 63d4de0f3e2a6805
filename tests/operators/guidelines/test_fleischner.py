"""Every row of the table, by rounded diameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodulescope.operators.guidelines.fleischner import Exclusion, Fleischner, exclusion, fleischner, unknown_conditions, whole_mm
from nodulescope.operators.guidelines.history import PatientHistory, Risk

LOW, HIGH = PatientHistory(cancer_risk=Risk.LOW), PatientHistory(cancer_risk=Risk.HIGH)
Row = tuple[Fleischner, tuple[int, int] | None, tuple[int, ...]]

NONE: Row = (Fleischner.NO_FOLLOW_UP, None, ())
OPTIONAL: Row = (Fleischner.OPTIONAL_CT, (12, 12), ())
LARGE: Row = (Fleischner.CT_PET_OR_TISSUE, (3, 3), ())


@pytest.mark.parametrize(
    ("means", "low", "high"),
    [
        # single solid
        ((3.0,), NONE, OPTIONAL),
        ((5.4,), NONE, OPTIONAL),
        ((5.5,), (Fleischner.CT_THEN_CONSIDER_CT, (6, 12), (18, 24)), (Fleischner.CT_THEN_CT, (6, 12), (18, 24))),
        ((8.4,), (Fleischner.CT_THEN_CONSIDER_CT, (6, 12), (18, 24)), (Fleischner.CT_THEN_CT, (6, 12), (18, 24))),
        ((8.5,), LARGE, LARGE),
        ((30.0,), LARGE, LARGE),
        # multiple solid
        ((3.0, 5.4), NONE, OPTIONAL),
        ((3.0, 5.5), (Fleischner.CT_THEN_CONSIDER_CT, (3, 6), (18, 24)), (Fleischner.CT_THEN_CT, (3, 6), (18, 24))),
        ((6.0, 8.4), (Fleischner.CT_THEN_CONSIDER_CT, (3, 6), (18, 24)), (Fleischner.CT_THEN_CT, (3, 6), (18, 24))),
        ((4.0, 12.0), (Fleischner.CT_THEN_CONSIDER_CT, (3, 6), (18, 24)), (Fleischner.CT_THEN_CT, (3, 6), (18, 24))),
    ],
)
def test_solid_nodules(means: tuple[float, ...], low: Row, high: Row, make_nodule: Any) -> None:
    nodules = [make_nodule(mean, number=number) for number, mean in enumerate(means, 1)]
    for history, expected in ((LOW, low), (HIGH, high)):
        (found,) = fleischner(nodules, history)
        assert (found.code, found.months, found.later_months) == expected
        assert found.nodules == tuple(range(1, len(means) + 1))
        assert found.risk == (None if expected == LARGE else history.cancer_risk)


def test_an_unknown_risk_gives_both_recommendations(make_nodule: Any) -> None:
    found = fleischner([make_nodule(7.0)], PatientHistory())
    assert [(one.code, one.risk) for one in found] == [(Fleischner.CT_THEN_CONSIDER_CT, "low"), (Fleischner.CT_THEN_CT, "high")]
    (same,) = fleischner([make_nodule(9.0)], PatientHistory())
    assert same.risk is None


@pytest.mark.parametrize(
    ("nodules", "row", "every", "until"),
    [
        # single ground glass
        ([{"mean": 5.4, "kind": "ground-glass"}], NONE, None, None),
        ([{"mean": 5.5, "kind": "ground-glass"}], (Fleischner.GROUND_GLASS_SERIES, (6, 12), ()), 24, 60),
        # single part-solid
        ([{"mean": 5.4, "kind": "part-solid", "solid": 3.0}], NONE, None, None),
        ([{"mean": 5.5, "kind": "part-solid", "solid": 3.0}], (Fleischner.PART_SOLID_SERIES, (3, 6), ()), 12, 60),
        ([{"mean": 15.0, "kind": "part-solid", "solid": 5.4}], (Fleischner.PART_SOLID_SERIES, (3, 6), ()), 12, 60),
        ([{"mean": 15.0, "kind": "part-solid", "solid": 5.5}], (Fleischner.PART_SOLID_SUSPICIOUS, (3, 6), ()), None, None),
        ([{"mean": 15.0, "kind": "part-solid"}], (Fleischner.PART_SOLID_NOT_MEASURED, (3, 6), ()), None, None),
        # multiple subsolid
        (
            [{"mean": 5.4, "kind": "ground-glass"}, {"mean": 4.0, "kind": "part-solid"}],
            (Fleischner.SMALL_SUBSOLID_SERIES, (3, 6), (24, 48)),
            None,
            None,
        ),
        (
            [{"mean": 5.5, "kind": "ground-glass"}, {"mean": 4.0, "kind": "ground-glass"}],
            (Fleischner.SUBSOLID_BY_MOST_SUSPICIOUS, (3, 6), ()),
            None,
            None,
        ),
    ],
)
def test_subsolid_nodules(nodules: list[dict[str, Any]], row: Row, every: int | None, until: int | None, make_nodule: Any) -> None:
    (found,) = fleischner([make_nodule(number=number, **one) for number, one in enumerate(nodules, 1)], PatientHistory())
    assert (found.code, found.months, found.later_months) == row
    assert (found.every_months, found.until_months, found.risk) == (every, until, None)


def test_solid_and_subsolid_nodules_are_counted_apart(make_nodule: Any) -> None:
    nodules = [make_nodule(7.0, number=1), make_nodule(9.0, "ground-glass", number=2), make_nodule(4.0, "calcified", number=3)]
    found = fleischner(nodules, LOW)
    assert [(one.code, one.nodules, one.months) for one in found] == [
        (Fleischner.CT_THEN_CONSIDER_CT, (1, 3), (3, 6)),
        (Fleischner.GROUND_GLASS_SERIES, (2,), (6, 12)),
    ]


def test_no_nodule_no_recommendation() -> None:
    assert fleischner([], PatientHistory()) == ()


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        (PatientHistory(age=34.9), Exclusion.TOO_YOUNG),
        (PatientHistory(age=35.0), None),
        (PatientHistory(known_cancer=True), Exclusion.CANCER),
        (PatientHistory(immunosuppressed=True), Exclusion.IMMUNOSUPPRESSED),
        (PatientHistory(known_cancer=False, immunosuppressed=False), None),
        (PatientHistory(), None),
    ],
)
def test_whom_the_guideline_excludes(history: PatientHistory, reason: Exclusion | None) -> None:
    assert exclusion(history) is reason


def test_what_nobody_told_is_a_condition(make_nodule: Any) -> None:
    assert unknown_conditions(PatientHistory(age=60.0, known_cancer=False)) == ("immunosuppressed",)
    (found,) = fleischner([make_nodule(9.0)], PatientHistory(immunosuppressed=False))
    assert found.provided == ("age", "known_cancer")


@pytest.mark.parametrize(("diameter", "whole"), [(5.4, 5), (5.5, 6), (6.5, 7), (8.4, 8), (8.5, 9), (6.0, 6)])
def test_halves_are_rounded_up(diameter: float, whole: int) -> None:
    assert whole_mm(diameter) == whole


@given(
    means=st.lists(st.floats(3, 30), min_size=1, max_size=4),
    more_mm=st.floats(0, 20),
    kind=st.sampled_from(["solid", "ground-glass"]),
    history=st.sampled_from([LOW, HIGH]),
)
def test_larger_nodules_are_never_seen_again_later(
    means: list[float], more_mm: float, kind: str, history: PatientHistory, make_nodule: Any
) -> None:
    def next_ct(largest: float) -> float:
        (found,) = fleischner([make_nodule(mean, kind, number=n) for n, mean in enumerate([largest, *means[1:]], 1)], history)
        return found.months[0] if found.months else 1000.0

    assert next_ct(means[0] + more_mm) <= next_ct(means[0])
