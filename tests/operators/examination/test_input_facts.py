from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from pydicom.dataset import Dataset

from nodulescope.bundles.contracts import CTSource, CTVolume, LungMask
from nodulescope.operators.examination.input_facts import lung_extent, patient_id, study_date


def scan(**elements: str) -> CTVolume:
    header = Dataset()
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    return CTVolume(np.zeros((2, 2, 2), np.float32), np.eye(4), CTSource("dicom", instances=(header,)))


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"StudyDate": "20240229", "AcquisitionDate": "20240301"}, date(2024, 2, 29)),
        ({"StudyDate": "", "AcquisitionDate": "20240301"}, date(2024, 3, 1)),
        ({"SeriesDate": "20240302"}, date(2024, 3, 2)),
        ({}, None),
    ],
)
def test_the_day_of_an_examination(elements: dict[str, str], expected: date | None) -> None:
    assert study_date(scan(**elements)) == expected


def test_other_formats_have_no_header() -> None:
    plain = CTVolume(np.zeros((2, 2, 2), np.float32), np.eye(4), CTSource("nifti"))
    assert study_date(plain) is None
    assert patient_id(plain) == ""
    assert patient_id(scan(PatientID=" P7 ")) == "P7"


def test_extent_of_the_lungs_on_a_flipped_grid() -> None:
    affine = np.diag([-2.0, 3.0, 5.0, 1.0])
    affine[:3, 3] = 10.0, 20.0, 30.0
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[1:4, 2, 3:5] = 2
    assert lung_extent(LungMask(labels, affine, True)) == ((4.0, 26.0, 45.0), (8.0, 26.0, 50.0))
    assert lung_extent(LungMask(np.zeros((6, 6, 6), np.uint8), affine, True)) is None
