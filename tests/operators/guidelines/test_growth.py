from __future__ import annotations

from typing import Any

import pytest

from nodulescope.operators.examination import NoduleType, Status
from nodulescope.operators.guidelines.features import Size
from nodulescope.operators.guidelines.follow_up import Earlier
from nodulescope.operators.guidelines.growth import Growth, growth, solid_part_growth

PART_SOLID = NoduleType.PART_SOLID


def before(mean_mm: float | None, kind: str = "solid", solid_mm: float | None = None, days: float | None = 365, **changes: Any) -> Earlier:
    size = None if mean_mm is None else Size(NoduleType(kind), mean_mm, solid_mm)
    known: dict[str, Any] = {"status": Status.STABLE, "type_known": True, "lung_rads": None} | changes
    return Earlier(size=size, interval_days=days, volume_change_percent=None, volume_doubling_time_days=None, **known)


@pytest.mark.parametrize(
    ("now_mm", "then_mm", "days", "found"),
    [
        (7.5, 6.0, 365, Growth.NONE),
        (7.6, 6.1, 365, Growth.NONE),  # 1.5 in decimals, more in binary fractions
        (7.6, 6.0, 365, Growth.GROWTH),
        (7.6, 6.0, 90, Growth.GROWTH),
        (7.6, 6.0, None, Growth.GROWTH),
        (7.6, 6.0, 390, Growth.GROWTH),  # 1.502 mm in twelve months
        (7.6, 6.0, 391, Growth.SLOW),  # 1.498 mm
        (9.1, 6.0, 730, Growth.GROWTH),
        (9.0, 6.0, 733, Growth.SLOW),
        (5.0, 9.0, 365, Growth.NONE),
    ],
)
def test_growth_is_more_than_a_millimetre_and_a_half_in_twelve_months(
    now_mm: float, then_mm: float, days: float | None, found: Growth
) -> None:
    assert growth(Size(NoduleType.SOLID, now_mm), before(then_mm, days=days)) is found


@pytest.mark.parametrize(("status", "found"), [(Status.GROWING, Growth.GROWTH), (Status.STABLE, Growth.NONE)])
def test_without_the_earlier_diameter_the_status_tells(status: Status, found: Growth) -> None:
    assert growth(Size(NoduleType.SOLID, 7.0), before(None, status=status)) is found


@pytest.mark.parametrize(
    ("now", "past", "found"),
    [
        (Size(PART_SOLID, 9.0, 4.6), before(9.0, "part-solid", 3.0), Growth.GROWTH),
        (Size(PART_SOLID, 9.0, 4.5), before(9.0, "part-solid", 3.0), Growth.NONE),
        (Size(PART_SOLID, 9.0, 6.0), before(9.0, "part-solid", 3.0, days=900), Growth.SLOW),
        (Size(PART_SOLID, 9.0, 1.0), before(9.0, "ground-glass"), Growth.GROWTH),
        (Size(PART_SOLID, 9.0, 3.0), before(9.0, "part-solid", None), Growth.NONE),
        (Size(PART_SOLID, 9.0, None), before(9.0, "part-solid", 3.0), Growth.NONE),
        (Size(PART_SOLID, 9.0, 5.0), before(5.0, "solid"), Growth.NONE),
        (Size(PART_SOLID, 9.0, 5.0), before(None), Growth.NONE),
        (Size(NoduleType.SOLID, 9.0), before(6.0, "ground-glass"), Growth.NONE),
    ],
)
def test_growth_of_the_solid_part(now: Size, past: Earlier, found: Growth) -> None:
    assert solid_part_growth(now, past) is found
