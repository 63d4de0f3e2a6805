from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from ct_image import ct_image

from nodulescope.apps.dicom_node.study_identity import StudyIdentity, read_identity

EARLIER = StudyIdentity("P1", "Hospital", "19600131", date(2025, 3, 1))
LATER = replace(EARLIER, study_date=date(2026, 3, 1))


def write_image(folder: Path, name: str = "a.dcm", **elements: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(ct_image(**elements))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"birth_date": ""}, True),
        ({"birth_date": "19600201"}, False),
        ({"patient_id": "P2"}, False),
        ({"issuer": ""}, False),
        ({"study_date": LATER.study_date}, False),
        ({"study_date": date(2026, 3, 2)}, False),
    ],
)
def test_an_earlier_study_is_of_the_same_patient_and_an_earlier_day(changes: dict[str, object], expected: bool) -> None:
    other = replace(EARLIER, **changes)  # type: ignore[arg-type]
    assert LATER.may_follow(other) is expected
    assert LATER.may_follow(LATER) is False


def test_an_image_tells_whose_it_is(tmp_path: Path) -> None:
    elements = {"PatientID": " P1 ", "IssuerOfPatientID": "Hospital", "PatientBirthDate": "19600131", "StudyDate": "20250301"}
    write_image(tmp_path / "whole", **elements)
    assert read_identity(tmp_path / "whole") == EARLIER
    write_image(tmp_path / "bare", PatientID="P1", StudyDate="20250301")
    assert read_identity(tmp_path / "bare") == StudyIdentity("P1", "", "", date(2025, 3, 1))


@pytest.mark.parametrize(
    "elements",
    [{"StudyDate": "20250301"}, {"PatientID": "P1"}, {"PatientID": "P1", "StudyDate": ""}, {"PatientID": "", "StudyDate": "20250301"}],
)
def test_without_patient_or_day_there_is_no_identity(elements: dict[str, str], tmp_path: Path) -> None:
    write_image(tmp_path / "images", **elements)
    assert read_identity(tmp_path / "images") is None


def test_what_cannot_be_read_has_no_identity(tmp_path: Path) -> None:
    assert read_identity(tmp_path / "absent") is None
    assert read_identity(tmp_path) is None
    (tmp_path / "a.dcm").write_bytes(b"no image")
    assert read_identity(tmp_path) is None
