from __future__ import annotations

import pytest

from nodulescope.operators.stopwatch import Stopwatch


def test_steps_are_told_when_they_begin_and_listed_in_order() -> None:
    told: list[str] = []
    watch = Stopwatch(told.append)
    with watch.step("reading"):
        assert told == ["reading"]
        assert watch.seconds == {}
    with watch.step("report"):
        pass
    assert told == ["reading", "report"]
    assert list(watch.seconds) == ["reading", "report"]
    assert all(seconds >= 0 for seconds in watch.seconds.values())


def test_a_step_that_is_done_twice_adds_up() -> None:
    watch = Stopwatch()
    with watch.step("reading"):
        pass
    first = watch.seconds["reading"]
    with watch.step("reading"):
        sum(range(1000))
    assert list(watch.seconds) == ["reading"]
    assert watch.seconds["reading"] > first


def test_a_step_that_fails_is_timed_too() -> None:
    watch = Stopwatch()
    with pytest.raises(KeyError), watch.step("reading"):
        raise KeyError
    assert list(watch.seconds) == ["reading"]


def test_what_was_told_does_not_change_afterwards() -> None:
    watch = Stopwatch()
    early = watch.seconds
    with watch.step("reading"):
        pass
    assert early == {}
