from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from nodulescope.bundles.contracts import CTSource
from nodulescope.bundles.errors import InputError
from nodulescope.operators.guidelines.dicom_history import history_from_header, known_history
from nodulescope.operators.guidelines.history import PatientHistory, Sex


def header(**elements: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize(
    ("elements", "age"),
    [
        ({"PatientAge": "063Y"}, 63.0),
        ({"PatientAge": "000Y"}, 0.0),
        ({"PatientAge": "018M"}, 1.5),
        ({"PatientAge": "063Y", "PatientBirthDate": "19000101", "StudyDate": "20200101"}, 63.0),
        ({"PatientAge": "", "PatientBirthDate": "19500615", "StudyDate": "20200614"}, 69.0),
        ({"PatientBirthDate": "19500615", "StudyDate": "20200615"}, 70.0),
        ({"PatientBirthDate": "18500615", "StudyDate": "20200615"}, None),
        ({"PatientBirthDate": "20210101", "StudyDate": "20200101"}, None),
        ({"PatientBirthDate": "19500615"}, None),
        ({"PatientBirthDate": "1950", "StudyDate": "20200615"}, None),
        ({"PatientAge": None}, None),
        ({}, None),
    ],
)
def test_age_is_read_or_reckoned(elements: dict[str, Any], age: float | None) -> None:
    assert history_from_header(header(**elements)).age == age


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom warns of what is not an age string
@pytest.mark.parametrize("text", ["63", "Y", "six3Y", "-01Y", "999Y"])
def test_texts_that_are_no_age_are_left_aside(text: str) -> None:
    assert history_from_header(header(PatientAge=text)).age is None


@pytest.mark.parametrize(("text", "sex"), [("F", Sex.FEMALE), ("M", Sex.MALE), ("O", None), ("", None)])
def test_sex_is_read(text: str, sex: Sex | None) -> None:
    assert history_from_header(header(PatientSex=text)).sex is sex


def source(**elements: Any) -> CTSource:
    return CTSource("dicom", "study", instances=(header(**elements),))


def test_headers_add_what_the_history_does_not_tell() -> None:
    known = known_history(PatientHistory(emphysema=True), source(PatientAge="063Y", PatientSex="F"))
    assert known == PatientHistory(age=63.0, sex=Sex.FEMALE, emphysema=True)


def test_inputs_without_headers_leave_the_history_as_it_is() -> None:
    assert known_history(PatientHistory(age=50.0), CTSource("nifti", "ct.nii")) == PatientHistory(age=50.0)


def test_a_birthday_between_two_records_is_no_contradiction() -> None:
    assert known_history(PatientHistory(age=64.0), source(PatientAge="063Y")).age == 64.0


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (PatientHistory(sex=Sex.MALE), "study: its DICOM header says sex female, the history says male; give this patient's history"),
        (PatientHistory(age=61.0), "study: its DICOM header says age 63, the history says 61; give this patient's history"),
    ],
)
def test_another_patients_history_is_refused(history: PatientHistory, told: str) -> None:
    with pytest.raises(InputError) as refused:
        known_history(history, source(PatientAge="063Y", PatientSex="F"))
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)
