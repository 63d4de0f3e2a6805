"""How a nodule changed between two examinations: pure functions of sizes and days."""

from __future__ import annotations

import math

from nodulescope.operators.examination import Status
from nodulescope.operators.guidelines.growth import GROWTH_DAYS, GROWTH_MM

MEASUREMENT_ERROR_PERCENT = 25.0
"""Volumetry of the same nodule repeats within about this (Gietema et al., Radiology 241, 2006; British Thoracic Society guideline, Thorax
70 suppl. 2, 2015: growth is a change of volume of 25 % or more)."""

DIAMETER_DECIMALS = 1
"""Lung-RADS v2022 asks for mean diameters to 0.1 mm."""


def volume_change_percent(before_mm3: float, now_mm3: float) -> float:
    """Change of volume in percent of the earlier one, which must be positive."""
    return 100.0 * (now_mm3 / before_mm3 - 1.0)


def status_of_change(change_percent: float) -> Status:
    """Growing, shrinking, or, within the error of measurement, stable."""
    if change_percent >= MEASUREMENT_ERROR_PERCENT:
        return Status.GROWING
    return Status.SHRINKING if change_percent <= -MEASUREMENT_ERROR_PERCENT else Status.STABLE


def doubling_time_days(before_mm3: float, now_mm3: float, interval_days: int | None) -> float | None:
    """Volume doubling time: days times ln 2 / ln(V2 / V1).

    Returns:
        None when the change lies within the error of measurement, the nodule shrank, or the days are unknown or none.
    """
    if interval_days is None or interval_days <= 0:
        return None
    if status_of_change(volume_change_percent(before_mm3, now_mm3)) is not Status.GROWING:
        return None
    return interval_days * math.log(2.0) / math.log(now_mm3 / before_mm3)


def lung_rads_growth(before_mm: float, now_mm: float, interval_days: int | None) -> bool | None:
    """Growth by Lung-RADS v2022: the mean diameter (of the nodule, or of its solid part) rose by more than 1.5 mm within twelve months.

    Over a longer time it is certain when the mean pace exceeds 1.5 mm in twelve months: then some twelve months hold more than that. With
    more than 1.5 mm in all but a slower pace nobody can say, and the slow growth is for the reader.

    Args:
        before_mm: diameter then.
        now_mm: diameter now; both are compared to a tenth of a millimetre.
        interval_days: days between the examinations, None where unknown.

    Returns:
        True, False, or None when it cannot be told.
    """
    rise = round(round(now_mm, DIAMETER_DECIMALS) - round(before_mm, DIAMETER_DECIMALS), DIAMETER_DECIMALS)
    if rise <= GROWTH_MM:
        return False
    if interval_days is None or interval_days < 0:
        return None
    return True if rise * min(GROWTH_DAYS / max(interval_days, 1), 1.0) > GROWTH_MM else None
