"""Algorithms 1 to 3 of the guideline."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodulescope.operators.examination import Guideline
from nodulescope.operators.guidelines.brock import BrockRisk
from nodulescope.operators.guidelines.bts import URGENCY, Bts, bts, bts_recommendations
from nodulescope.operators.guidelines.follow_up import earlier

UNDER, OVER, OPEN = BrockRisk(0.01, 0.0999, ()), BrockRisk(0.10, 0.4, ()), BrockRisk(0.05, 0.15, ())


def recommended(nodule: Any, risk: BrockRisk = OPEN) -> Bts:
    return bts(nodule, earlier(nodule, None), risk)


@pytest.mark.parametrize(
    ("long_axis", "volume", "code"),
    [
        (4.9, 79, Bts.DISCHARGE),
        (4.9, 85, Bts.DISCHARGE),
        (5.0, 79, Bts.DISCHARGE),
        (5.0, 79.5, Bts.SURVEILLANCE),  # 80 mm³ as it is printed
        (5.0, 80, Bts.SURVEILLANCE),
        (7.9, 299, Bts.SURVEILLANCE),
        (7.94, 299.4, Bts.SURVEILLANCE),
        (8.0, 299, Bts.RISK_OPEN),
        (7.9, 300, Bts.RISK_OPEN),
        (9.0, 70, Bts.RISK_OPEN),
    ],
)
def test_size_of_a_solid_nodule(long_axis: float, volume: float, code: Bts, make_nodule: Any) -> None:
    assert recommended(make_nodule(long_axis * 0.8, long=long_axis, volume=volume)) is code


@pytest.mark.parametrize(("risk", "code"), [(UNDER, Bts.RISK_LOW), (OVER, Bts.RISK_HIGH), (OPEN, Bts.RISK_OPEN)])
def test_the_risk_of_a_large_one(risk: BrockRisk, code: Bts, make_nodule: Any) -> None:
    assert recommended(make_nodule(9.0), risk) is code


def prior(change: float | None, vdt: float | None = None, days: float | None = 365, **more: Any) -> dict[str, Any]:
    return {"volume_change_percent": change, "volume_doubling_time_days": vdt, "interval_days": days} | more


@pytest.mark.parametrize(
    ("mean", "before", "code"),
    [
        # growth
        (6.0, prior(80, 400), Bts.FAST_GROWTH),
        (6.0, prior(80, 401), Bts.MEDIUM_GROWTH),
        (6.0, prior(40, 600), Bts.MEDIUM_GROWTH),
        (6.0, prior(40, 601), Bts.SLOW_GROWTH),
        (6.0, prior(25, 500, days=91), Bts.CT_AT_ONE_YEAR),
        (6.0, prior(25, 300, days=91), Bts.FAST_GROWTH),
        (6.0, prior(60, None, days=None), Bts.FAST_GROWTH),
        (4.0, prior(60, 300), Bts.FAST_GROWTH),
        (9.0, prior(60, 500, days=91), Bts.RISK_OPEN),
        (9.0, prior(60, 500), Bts.MEDIUM_GROWTH),
        # stable
        (6.0, prior(24.9), Bts.STABLE_DISCHARGE),
        (6.0, prior(-50), Bts.STABLE_DISCHARGE),
        (9.0, prior(0), Bts.STABLE_DISCHARGE),
        (6.0, prior(0, days=91), Bts.CT_AT_ONE_YEAR),
        (6.0, prior(0, days=None), Bts.CT_AT_ONE_YEAR),
        (9.0, prior(0, days=91), Bts.RISK_OPEN),
        (4.0, prior(0, days=91), Bts.DISCHARGE),
    ],
)
def test_solid_nodules_with_a_prior(mean: float, before: dict[str, Any], code: Bts, make_nodule: Any) -> None:
    assert recommended(make_nodule(mean, status="stable", prior=before)) is code


@pytest.mark.parametrize(("status", "code"), [("growing", Bts.FAST_GROWTH), ("stable", Bts.CT_AT_ONE_YEAR)])
def test_without_volumes_the_status_tells(status: str, code: Bts, make_nodule: Any) -> None:
    assert recommended(make_nodule(6.0, status=status, prior=prior(None, days=91))) is code


@pytest.mark.parametrize(
    ("kind", "mean", "code"), [("solid", 4.0, Bts.NEW_SMALL), ("ground-glass", 4.0, Bts.NEW_SMALL), ("solid", 6.0, Bts.SURVEILLANCE)]
)
def test_new_nodules_are_followed_even_if_small(kind: str, mean: float, code: Bts, make_nodule: Any) -> None:
    assert recommended(make_nodule(mean, kind, status="new")) is code


@pytest.mark.parametrize(
    ("mean", "before", "risk", "code"),
    [
        (4.9, None, OPEN, Bts.DISCHARGE),
        (5.0, None, OPEN, Bts.SUBSOLID_CT),
        (20.0, None, OVER, Bts.SUBSOLID_CT),
        (9.0, prior(0, days=60), OVER, Bts.SUBSOLID_CT),
        (9.0, prior(0, days=91), UNDER, Bts.SUBSOLID_RISK_LOW),
        (9.0, prior(0, days=91), OVER, Bts.SUBSOLID_RISK_HIGH),
        (9.0, prior(0, days=91), OPEN, Bts.SUBSOLID_RISK_OPEN),
        (9.0, prior(0, days=1461), OVER, Bts.STABLE_DISCHARGE),
        (9.0, prior(25, 900, days=1461), UNDER, Bts.SUBSOLID_GROWTH),
        (4.0, prior(80, 200, days=91), UNDER, Bts.SUBSOLID_GROWTH),
    ],
)
@pytest.mark.parametrize("kind", ["ground-glass", "part-solid"])
def test_subsolid_nodules(kind: str, mean: float, before: dict[str, Any] | None, risk: BrockRisk, code: Bts, make_nodule: Any) -> None:
    nodule = make_nodule(mean, kind, solid=2.0, status="stable" if before else "baseline", prior=before)
    assert recommended(nodule, risk) is code


def test_a_new_solid_part_is_growth(make_nodule: Any) -> None:
    before = prior(0, days=91, type="ground-glass", mean_diameter_mm=9.0)
    assert recommended(make_nodule(9.0, "part-solid", solid=2.0, status="stable", prior=before), UNDER) is Bts.SUBSOLID_GROWTH


def test_recommendations_are_told_once_and_the_urgent_ones_first() -> None:
    found = bts_recommendations({1: Bts.DISCHARGE, 2: Bts.RISK_HIGH, 3: Bts.SURVEILLANCE, 4: Bts.DISCHARGE})
    assert [(one.code, one.nodules, one.months, one.later_months, one.pet_ct) for one in found] == [
        (Bts.RISK_HIGH, (2,), None, (), True),
        (Bts.SURVEILLANCE, (3,), (3, 3), (12,), False),
        (Bts.DISCHARGE, (1, 4), None, (), False),
    ]
    assert {one.guideline for one in found} == {Guideline.BTS}
    assert sorted(URGENCY) == sorted(Bts)


@given(mean=st.floats(3, 28), more_mm=st.floats(0, 20), kind=st.sampled_from(["solid", "ground-glass"]))
def test_a_larger_nodule_is_never_less_urgent(mean: float, more_mm: float, kind: str, make_nodule: Any) -> None:
    smaller, larger = (URGENCY.index(recommended(make_nodule(diameter, kind))) for diameter in (mean, mean + more_mm))
    assert larger <= smaller
