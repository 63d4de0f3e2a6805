from __future__ import annotations

import pytest

from nodulescope.operators.deploy.run_record import RunRecord


def test_the_first_error_is_remembered_and_goes_on() -> None:
    record = RunRecord()
    first, second = ValueError("first"), KeyError("second")
    for error in (first, second):
        with pytest.raises(type(error)), record.step("reading"):
            raise error
    assert record.error is first
    assert not record.finished


def test_steps_that_go_well_leave_no_error() -> None:
    record = RunRecord()
    with record.step("reading"):
        pass
    assert record.error is None
    assert list(record.watch.seconds) == ["reading"]
