from __future__ import annotations

from dataclasses import replace

from nodulescope.bundles.contracts import CTSource
from nodulescope.operators.examination import Examination
from nodulescope.operators.report.input_summary import input_rows, series_description, study_date
from nodulescope.operators.report.messages import ENGLISH


def test_rows_of_a_dicom_series(examination: Examination) -> None:
    assert dict(input_rows(examination.ct, ENGLISH)) == {
        "Format": "DICOM",
        "Series": "Thorax 2.5 mm",
        "Study date": "2024-02-29",
        "Slice thickness": "2.5 mm",
        "Voxels": "120 × 100 × 60",
        "Spacing": "2 × 2 × 2.5 mm",
        "Why this series": "The only CT series.",
        "Study UID": "1.2.3",
        "Series UID": "1.2.3.4",
    }


def test_a_file_without_headers(examination: Examination) -> None:
    ct = replace(examination.ct, source=CTSource("nifti", "/home/Secret/scan.nii.gz"))
    rows = dict(input_rows(ct, ENGLISH))
    assert list(rows) == ["Format", "Voxels", "Spacing"]
    assert rows["Format"] == "NIfTI"
    assert series_description(ct) == "" and study_date(ct) == ""
