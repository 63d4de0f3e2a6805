"""British Thoracic Society 2015: discharge, follow-up CT or a risk model, and what growth means.

Source: Callister et al., Thorax 2015;70(Suppl 2):ii1, algorithms 1 to 3. Volumes go first and are always there; diameters are the longest
ones. Where size limits disagree (long and thin: 9 mm but 70 mm³), the larger class is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from nodulescope.operators.examination.nodule import Nodule, NoduleType, Status
from nodulescope.operators.examination.recommendation import Guideline, Recommendation
from nodulescope.operators.guidelines.brock import BrockRisk
from nodulescope.operators.guidelines.features import long_axis_mm, size_of
from nodulescope.operators.guidelines.follow_up import Earlier
from nodulescope.operators.guidelines.growth import Growth, solid_part_growth

SMALL_MM, SMALL_MM3 = 5.0, 80.0
"""Below one of these, nodules are not followed up."""

LARGE_MM, LARGE_MM3 = 8.0, 300.0
"""From one of these on, the risk model is asked."""

RISK_THRESHOLD = 0.10
"""Brock probability from which PET-CT is offered."""

GROWTH_PERCENT = 25.0
"""From this change of volume on a nodule has grown."""

FAST_DAYS, SLOW_DAYS = 400.0, 600.0
"""Volume doubling times: up to the first, work-up; between the two, biopsy or CT; above the second, discharge or CT."""


class Bts(StrEnum):
    """Recommendations for one nodule."""

    DISCHARGE = "discharge"
    STABLE_DISCHARGE = "stable-discharge"
    NEW_SMALL = "new-small"
    SURVEILLANCE = "surveillance"
    CT_AT_ONE_YEAR = "ct-at-one-year"
    RISK_LOW = "risk-below-threshold"
    RISK_HIGH = "risk-from-threshold"
    RISK_OPEN = "risk-not-decided"
    FAST_GROWTH = "fast-growth"
    MEDIUM_GROWTH = "medium-growth"
    SLOW_GROWTH = "slow-growth"
    SUBSOLID_CT = "subsolid-ct"
    SUBSOLID_RISK_LOW = "subsolid-risk-below-threshold"
    SUBSOLID_RISK_HIGH = "subsolid-risk-from-threshold"
    SUBSOLID_RISK_OPEN = "subsolid-risk-not-decided"
    SUBSOLID_GROWTH = "subsolid-growth"


URGENCY = (
    Bts.FAST_GROWTH,
    Bts.SUBSOLID_GROWTH,
    Bts.RISK_HIGH,
    Bts.RISK_OPEN,
    Bts.SUBSOLID_RISK_HIGH,
    Bts.SUBSOLID_RISK_OPEN,
    Bts.MEDIUM_GROWTH,
    Bts.RISK_LOW,
    Bts.SURVEILLANCE,
    Bts.SUBSOLID_CT,
    Bts.SUBSOLID_RISK_LOW,
    Bts.CT_AT_ONE_YEAR,
    Bts.NEW_SMALL,
    Bts.SLOW_GROWTH,
    Bts.STABLE_DISCHARGE,
    Bts.DISCHARGE,
)
"""The order in which recommendations are told."""

_MONTHS: Mapping[Bts, tuple[tuple[int, int], tuple[int, ...]]] = {
    Bts.SURVEILLANCE: ((3, 3), (12,)),
    Bts.RISK_LOW: ((3, 3), (12,)),
    Bts.SUBSOLID_CT: ((3, 3), ()),
}
"""Next CT and later ones, where they count from this examination; the others count from the first examination, or need none."""


def bts(nodule: Nodule, past: Earlier | None, risk: BrockRisk) -> Bts:
    """Recommend for one nodule.

    Args:
        nodule: no mass, and not calcified throughout.
        past: the same nodule in the prior examination, or None. A small nodule that is new since then merits follow-up all the same.
        risk: its Brock probability.
    """
    if size_of(nodule).type is NoduleType.SOLID:
        return _solid(nodule, past, risk)
    return _subsolid(nodule, past, risk)


def bts_recommendations(codes: Mapping[int, Bts]) -> tuple[Recommendation, ...]:
    """One recommendation per code, the most urgent first.

    Args:
        codes: nodule id to its code.
    """
    recommendations = []
    for code in URGENCY:
        ids = tuple(number for number, own in codes.items() if own is code)
        if ids:
            months, later = _MONTHS.get(code, (None, ()))
            pet_ct = code in (Bts.RISK_HIGH, Bts.RISK_OPEN)
            recommendations.append(Recommendation(Guideline.BTS, code, ids, months, later, pet_ct=pet_ct))
    return tuple(recommendations)


def _solid(nodule: Nodule, past: Earlier | None, risk: BrockRisk) -> Bts:
    """Algorithms 1 and 2."""
    diameter, volume = long_axis_mm(nodule), round(nodule.measurements.volume_mm3)
    is_large = diameter >= LARGE_MM or volume >= LARGE_MM3
    is_small = not is_large and (diameter < SMALL_MM or volume < SMALL_MM3)
    if past is not None:
        if _has_grown(past):
            return _by_doubling_time(past, _by_risk(risk) if is_large else Bts.CT_AT_ONE_YEAR)
        if past.has_reached(12):
            return Bts.STABLE_DISCHARGE
    if is_large:
        return _by_risk(risk)
    if is_small:
        return Bts.NEW_SMALL if nodule.status is Status.NEW else Bts.DISCHARGE
    return Bts.SURVEILLANCE if past is None else Bts.CT_AT_ONE_YEAR


def _subsolid(nodule: Nodule, past: Earlier | None, risk: BrockRisk) -> Bts:
    """Algorithm 3, which goes by diameter."""
    if past is not None and (_has_grown(past) or solid_part_growth(size_of(nodule), past) is Growth.GROWTH):
        return Bts.SUBSOLID_GROWTH
    if long_axis_mm(nodule) < SMALL_MM:
        return Bts.NEW_SMALL if nodule.status is Status.NEW else Bts.DISCHARGE
    if past is None or not past.has_reached(3):
        return Bts.SUBSOLID_CT
    if past.has_reached(48):
        return Bts.STABLE_DISCHARGE
    if risk.high < RISK_THRESHOLD:
        return Bts.SUBSOLID_RISK_LOW
    return Bts.SUBSOLID_RISK_HIGH if risk.low >= RISK_THRESHOLD else Bts.SUBSOLID_RISK_OPEN


def _has_grown(past: Earlier) -> bool:
    """By volume; by the nodule's status where volumes were not compared."""
    if past.volume_change_percent is None:
        return past.status is Status.GROWING
    return past.volume_change_percent >= GROWTH_PERCENT


def _by_doubling_time(past: Earlier, before_one_year: Bts) -> Bts:
    days = past.volume_doubling_time_days
    if days is None or days <= FAST_DAYS:  # growth without a time is clear evidence of growth
        return Bts.FAST_GROWTH
    if not past.has_reached(12):
        return before_one_year
    return Bts.MEDIUM_GROWTH if days <= SLOW_DAYS else Bts.SLOW_GROWTH


def _by_risk(risk: BrockRisk) -> Bts:
    if risk.high < RISK_THRESHOLD:
        return Bts.RISK_LOW
    return Bts.RISK_HIGH if risk.low >= RISK_THRESHOLD else Bts.RISK_OPEN
