"""Growth by diameter, as Lung-RADS v2022 defines it (notes 6 to 8)."""

from __future__ import annotations

from enum import Enum, auto

from nodulescope.operators.examination.nodule import NoduleType, Status
from nodulescope.operators.guidelines.features import Size, solid_extent_mm
from nodulescope.operators.guidelines.follow_up import Earlier

GROWTH_MM = 1.5
"""Growth is a mean diameter more than this larger within 12 months (note 6)."""

GROWTH_DAYS = 366
"""Twelve months, a leap year among them."""


class Growth(Enum):
    """How a diameter changed.

    Slow growth is more than the limit, but over so long a time that it is less per 12 months (notes 7 and 8). Where the time is not known,
    more than the limit counts as growth: the more cautious reading.
    """

    NONE = auto()
    SLOW = auto()
    GROWTH = auto()


def growth(size: Size, past: Earlier) -> Growth:
    """Growth of the whole nodule; by its status where the earlier diameter is not known."""
    if past.size is None:
        return Growth.GROWTH if past.status is Status.GROWING else Growth.NONE
    return _growth(size.mean_mm, past.size.mean_mm, past.interval_days)


def solid_part_growth(size: Size, past: Earlier) -> Growth:
    """Growth of the solid part of a part-solid nodule; one that appeared in ground glass is growth whatever its size."""
    if size.type is not NoduleType.PART_SOLID or past.size is None:
        return Growth.NONE
    if past.size.type is NoduleType.GROUND_GLASS and past.type_known:
        return Growth.GROWTH
    before = solid_extent_mm(past.size)
    if before is None or size.solid_mm is None:
        return Growth.NONE
    return _growth(size.solid_mm, before, past.interval_days)


def _growth(now_mm: float, then_mm: float, days: float | None) -> Growth:
    increase = round(now_mm - then_mm, 1)  # both are to 0.1 mm, so a sum of binary fractions must not decide
    if increase <= GROWTH_MM:
        return Growth.NONE
    in_twelve_months = increase if days is None or days <= GROWTH_DAYS else increase * GROWTH_DAYS / days
    return Growth.GROWTH if in_twelve_months > GROWTH_MM else Growth.SLOW
