from __future__ import annotations

import pytest

from nodulescope.operators.guidelines.history import PatientHistory, Sex, Smoking


def test_nothing_is_known_until_it_is_told() -> None:
    assert set(vars(PatientHistory()).values()) == {None}


def test_what_is_known_goes_before_what_another_source_says() -> None:
    told = PatientHistory(age=60.0, emphysema=False)
    other = PatientHistory(age=61.0, sex=Sex.FEMALE, emphysema=True, smoking=Smoking.FORMER)
    assert told.completed_by(other) == PatientHistory(age=60.0, sex=Sex.FEMALE, emphysema=False, smoking=Smoking.FORMER)


@pytest.mark.parametrize("age", [-1.0, 121.0, float("nan")])
def test_impossible_ages_are_refused(age: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 120"):
        PatientHistory(age=age)
