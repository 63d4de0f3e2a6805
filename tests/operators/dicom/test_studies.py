from __future__ import annotations

from datetime import date

import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import Comprehensive3DSRStorage, CTImageStorage

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.studies import ct_studies, newest, older_than, require_one_patient, study_of_series


def header(study="1.1", series="1.1.1", patient="P1", day="20200101", **elements):
    made = FileDataset("x.dcm", {})
    made.SOPClassUID, made.StudyInstanceUID, made.SeriesInstanceUID = CTImageStorage, study, series
    made.PatientID, made.StudyDate = patient, day
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def test_headers_are_sorted_into_studies_with_ct():
    report = header(series="1.1.9", SOPClassUID=Comprehensive3DSRStorage)
    alone = header(study="1.3", SOPClassUID=Comprehensive3DSRStorage)
    studies = ct_studies([header(), report, header(study="1.2", series="1.2.1", day="20210101"), header(series="1.1.2"), alone])
    assert [(s.uid, s.date, sorted(s.series), len(s.others)) for s in studies] == [
        ("1.1", date(2020, 1, 1), ["1.1.1", "1.1.2"], 1),
        ("1.2", date(2021, 1, 1), ["1.2.1"], 0),
    ]


@pytest.mark.parametrize(("day", "expected"), [("20190230", date(2018, 4, 5)), ("", date(2018, 4, 5)), ("20190228", date(2019, 2, 28))])
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_a_study_without_a_valid_date_is_dated_by_its_acquisition(day, expected):
    (study,) = ct_studies([header(day=day, AcquisitionDate="20180406"), header(day=day, AcquisitionDate="20180405")])
    assert study.date == expected


def test_one_patient_passes():
    require_one_patient(
        ct_studies([header(PatientName="A^B"), header(study="1.2", PatientName="B, A", PatientBirthDate="19500101")]), "scan"
    )
    require_one_patient(ct_studies([header(patient="")]), "scan")


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        ({}, {"patient": "P2", "study": "1.2"}, "holds CT of 2 patients"),
        ({}, {"patient": "P2"}, "holds CT of 2 patients"),  # within one series
        ({"PatientBirthDate": "19500101"}, {"PatientBirthDate": "19500102", "study": "1.2"}, "holds CT of 2 patients"),
        ({}, {"patient": "", "study": "1.2"}, "holds CT of 2 patients"),
        ({"patient": ""}, {"patient": "", "study": "1.2"}, "2 CT studies without a Patient ID"),
    ],
)
def test_several_patients_are_refused(first, second, rule):
    with pytest.raises(InputError, match=rule):
        require_one_patient(ct_studies([header(**first), header(**second)]), "scan")


def test_the_newest_day_and_what_is_older():
    studies = ct_studies(
        [header(), header(study="1.2", day="20210101"), header(study="1.3", day="20210101"), header(study="1.0", day="2019")]
    )
    with pytest.raises(InputError, match="not all of them are dated"):
        newest(studies, "scan")
    dated = studies[:3]
    assert [s.uid for s in newest(dated, "scan")] == ["1.2", "1.3"]
    assert [s.uid for s in older_than(dated[1], studies)] == ["1.1"]
    assert older_than(dated[0], studies) == []
    assert newest(studies[3:], "scan") == studies[3:], "a study alone needs no date"


def test_older_studies_of_others_are_no_priors():
    studies = ct_studies([header(day="20210101"), header(study="1.2", patient="P2"), header(study="1.3", patient=""), header(study="1.4")])
    assert [s.uid for s in older_than(studies[0], studies)] == ["1.4"]
    nobody = ct_studies([header(patient="", day="20210101"), header(study="1.2", patient="")])
    assert older_than(nobody[0], nobody) == []


def test_a_series_is_found_in_its_study():
    studies = ct_studies([header(), header(study="1.2", series="1.2.1")])
    assert study_of_series(studies, "1.2.1", "scan").uid == "1.2"
    with pytest.raises(InputError, match=r"holds no CT series 9; it holds 1\.1\.1, 1\.2\.1"):
        study_of_series(studies, "9", "scan")
    with pytest.raises(InputError, match=r"2 studies hold a series 1\.1\.1"):
        study_of_series(ct_studies([header(), header(study="1.2")]), "1.1.1", "scan")
