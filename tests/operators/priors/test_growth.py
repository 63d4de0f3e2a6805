from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodulescope.operators.examination import Status
from nodulescope.operators.priors.growth import doubling_time_days, lung_rads_growth, status_of_change, volume_change_percent


@pytest.mark.parametrize(
    ("percent", "status"),
    [(25.0, Status.GROWING), (24.9, Status.STABLE), (0.0, Status.STABLE), (-24.9, Status.STABLE), (-25.0, Status.SHRINKING)],
)
def test_status_beyond_the_error_of_measurement(percent: float, status: Status) -> None:
    assert status_of_change(percent) is status


def test_change_of_volume() -> None:
    assert volume_change_percent(200.0, 250.0) == pytest.approx(25.0)
    assert volume_change_percent(200.0, 150.0) == pytest.approx(-25.0)


def test_a_volume_that_doubled_took_its_doubling_time() -> None:
    assert doubling_time_days(100.0, 200.0, 90) == pytest.approx(90.0)
    assert doubling_time_days(100.0, 400.0, 90) == pytest.approx(45.0)
    assert doubling_time_days(300.0, 450.0, 365) == pytest.approx(365 * math.log(2) / math.log(1.5))


@pytest.mark.parametrize(("now", "days"), [(124.0, 90), (100.0, 90), (70.0, 90), (50.0, 90), (200.0, None), (200.0, 0), (200.0, -5)])
def test_no_doubling_time_within_the_error_without_growth_or_without_days(now: float, days: int | None) -> None:
    assert doubling_time_days(100.0, now, days) is None


@given(st.floats(10, 1e4), st.floats(1.26, 50), st.integers(1, 4000))
def test_growing_on_for_one_doubling_time_doubles_the_volume(before: float, factor: float, days: int) -> None:
    time = doubling_time_days(before, before * factor, days)
    assert time is not None
    assert before * 2 ** (days / time) == pytest.approx(before * factor, rel=1e-6)


@pytest.mark.parametrize(
    ("before", "now", "days", "expected"),
    [
        (6.0, 7.6, 180, True),
        (6.0, 7.5, 180, False),  # more than 1.5 mm, not 1.5 mm
        (6.04, 7.56, 180, True),  # compared to a tenth: 6.0 and 7.6
        (6.0, 7.6, 366, True),
        (6.0, 7.6, 400, None),  # too slow to be certain, too much to be excluded
        (6.0, 9.2, 732, True),  # 3.2 mm in two years: one of them saw more than 1.5
        (6.0, 8.9, 732, None),
        (6.0, 6.5, 2000, False),
        (8.0, 6.0, 100, False),
        (6.0, 7.6, None, None),
        (6.0, 7.0, None, False),
    ],
)
def test_lung_rads_growth(before: float, now: float, days: int | None, expected: bool | None) -> None:
    assert lung_rads_growth(before, now, days) is expected
