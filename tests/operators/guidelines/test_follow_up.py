from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from nodulescope.operators.examination import NoduleType
from nodulescope.operators.guidelines.features import Size
from nodulescope.operators.guidelines.follow_up import earlier


@dataclass(frozen=True)
class Prior:
    interval_days: float | None


@pytest.mark.parametrize("status", ["baseline", "new"])
def test_what_was_not_there_has_no_past(status: str, make_nodule: Any) -> None:
    assert earlier(make_nodule(7.0, status=status), Prior(180)) is None


def test_the_past_is_read_from_the_prior(make_nodule: Any) -> None:
    prior = {
        "type": "part-solid",
        "mean_diameter_mm": 6.04,
        "solid_diameter_mm": 2.96,
        "interval_days": 91,
        "volume_change_percent": 40.0,
        "volume_doubling_time_days": 187.0,
        "lung_rads": "4A",
    }
    past = earlier(make_nodule(7.0, "solid", status="growing", prior=prior), Prior(365))
    assert past is not None
    assert past.size == Size(NoduleType.PART_SOLID, 6.0, 3.0)
    assert (past.interval_days, past.volume_change_percent, past.volume_doubling_time_days) == (91, 40.0, 187.0)
    assert (past.type_known, past.lung_rads) == (True, "4A")


def test_what_the_prior_does_not_tell(make_nodule: Any) -> None:
    past = earlier(make_nodule(7.0, "ground-glass", status="stable", prior={"mean_diameter_mm": 7.0}), Prior(200))
    assert past is not None
    assert (past.size, past.type_known, past.interval_days) == (Size(NoduleType.GROUND_GLASS, 7.0), False, 200)
    calcified = earlier(make_nodule(7.0, "calcified", status="stable", prior={"mean_diameter_mm": 7.0}), None)
    assert calcified is not None
    assert (calcified.size, calcified.interval_days) == (Size(NoduleType.SOLID, 7.0), None)
    nothing = earlier(make_nodule(7.0, status="stable"), None)
    assert nothing is not None
    assert nothing.size is None


@pytest.mark.parametrize(
    ("days", "months", "reached"),
    [
        (78, 3, True),
        (77, 3, False),
        (169, 6, True),
        (168, 6, False),
        (352, 12, True),
        (351, 12, False),
        (1447, 48, True),
        (1446, 48, False),
        (None, 3, False),
    ],
)
def test_two_weeks_are_tolerated(days: float | None, months: float, reached: bool, make_nodule: Any) -> None:
    past = earlier(make_nodule(7.0, status="stable", prior={"interval_days": days}), None)
    assert past is not None
    assert past.has_reached(months) is reached
