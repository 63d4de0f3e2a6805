from __future__ import annotations

import copy
from pathlib import Path

import pydicom
import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.files import read_headers
from nodulescope.operators.dicom.series_choice import choose_series

CORONAL = ((0, 2, 1), (1, -1, 1))


@pytest.fixture
def study(make_ct, write_series, tmp_path):
    """Write series into one folder, each given by its arguments, and return their headers and UIDs."""

    def write(*series):
        known = []
        for number, arguments in enumerate(series, start=1):
            geometry = {k: arguments[k] for k in ("shape", "spacing", "orientation") if k in arguments}
            rest = {k: v for k, v in arguments.items() if k not in geometry}
            paths = write_series(make_ct(seed=number, **geometry), tmp_path / str(number), **{"series_number": number} | rest)
            known.append(str(pydicom.dcmread(paths[0], stop_before_pixels=True).SeriesInstanceUID))
        return read_headers(tmp_path), known

    return write


LONG = {"shape": (10, 10, 40)}
DERIVED = ("DERIVED", "SECONDARY", "AXIAL")


@pytest.mark.parametrize(
    ("better", "worse", "reason"),
    [
        ({}, {"orientation": CORONAL, **LONG}, "is axial"),
        ({}, {"image_type": DERIVED, **LONG}, "is original, not derived"),
        ({}, {"body_part": "ABDOMEN", **LONG}, "is of the chest"),
        ({"body_part": "CHESTABDPELVIS"}, {"body_part": "", **LONG}, "is of the chest"),
        ({"body_part": ""}, {"body_part": "HEAD", **LONG}, "is of the chest"),
        (LONG, {"spacing": (1, 1, 1)}, "covers most of the patient"),
        ({"shape": (10, 10, 40), "spacing": (1, 1, 1.25)}, {"shape": (10, 10, 20), "spacing": (1, 1, 2.5)}, "has thin slices"),
        ({"shape": (10, 10, 20), "spacing": (1, 1, 2.5)}, {"shape": (10, 10, 10), "spacing": (1, 1, 5)}, "has thin slices"),
        ({"shape": (10, 10, 50), "spacing": (1, 1, 1)}, {"shape": (10, 10, 40), "spacing": (1, 1, 1.25)}, "has the thinnest slices"),
        ({"spacing": (0.6, 0.6, 2.5)}, {"spacing": (0.9, 0.9, 2.5)}, "has the smallest pixels"),
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_the_ranking(better, worse, reason, swapped, study):
    headers, uids = study(*((worse, better) if swapped else (better, worse)))
    chosen = choose_series(headers, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1 if swapped else 0]
    assert chosen.reason.endswith(f"was chosen from 2 CT series because it {reason}.")
    assert chosen.warnings == ()


def test_thin_slices_do_not_beat_coverage_and_some_slices_less_are_no_less_coverage(study):
    headers, uids = study(
        {"shape": (10, 10, 40), "spacing": (1, 1, 5)},
        {"shape": (10, 10, 152), "spacing": (1, 1, 1.25)},
        {"shape": (10, 10, 80), "spacing": (1, 1, 0.5)},
    )
    chosen = choose_series(headers, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    assert chosen.reason == (
        "Series 2 (152 slices every 1.25 mm over 190 mm) was chosen from 3 CT series because it "
        "covers most of the patient, has thin slices."
    )


def test_equals_are_decided_by_the_series_number(study):
    headers, uids = study({"series_number": 7}, {"series_number": 4})
    chosen = choose_series(headers, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    assert chosen.reason.endswith("because it has the lowest series number among equals.")


def test_the_only_series_is_called_so(study):
    headers, _ = study({})
    assert (
        choose_series(headers, "scan").reason == "Series 1 (12 slices every 2.5 mm over 30 mm) is the only CT series that can be analysed."
    )


def test_a_series_can_be_asked_for(study):
    headers, uids = study(LONG, {})
    chosen = choose_series(headers, "scan", uids[1])
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    assert chosen.reason.endswith("was asked for by its UID.")
    with pytest.raises(InputError, match=r"scan: holds no CT series 1\.2\.3; it holds ") as caught:
        choose_series(headers, "scan", "1.2.3")
    assert all(uid in str(caught.value) for uid in uids)


def test_what_is_unusual_is_said(study):
    headers, _ = study({"orientation": CORONAL, "image_type": DERIVED, "shape": (20, 20, 20)})
    assert choose_series([*headers, headers[0]], "scan").warnings == (
        "The series is not axial.",
        "The images are derived from others (Image Type), not original.",
        "1 file(s) repeat an image of the series and were left out.",
    )


def test_localizers_are_ignored_even_within_the_series(study):
    headers, _ = study({}, {"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER"), **LONG})
    scout = copy.deepcopy(headers[0])
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    scout.SOPInstanceUID = "1.2.3"
    scout.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    scout.Rows = 888
    chosen = choose_series([scout, *headers], "scan")
    assert len(chosen.stack.slices) == 12
    assert chosen.reason.endswith("is the only CT series that can be analysed.")
    assert chosen.warnings == ()
    with pytest.raises(InputError, match="only localizers"):
        choose_series([h for h in headers if h.SeriesNumber == 2], "scan")


def test_other_objects_are_ignored_and_alone_they_are_named(study):
    headers, _ = study({})
    report = pydicom.FileDataset("sr.dcm", {})
    report.SOPClassUID = pydicom.uid.Comprehensive3DSRStorage
    report.SeriesInstanceUID, report.Modality = "1.2.3", "SR"
    assert len(choose_series([report, *headers], "scan").stack.slices) == 12
    with pytest.raises(InputError, match=r"scan: holds no CT image, only SR \(1\)"):
        choose_series([report], "scan")


def test_a_broken_series_gives_way_to_a_sound_one_and_is_mentioned(study):
    headers, uids = study(LONG, {})
    broken = [h for h in headers if (h.SeriesNumber, h.InstanceNumber) != (1, 20)]
    chosen = choose_series(broken, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    assert len(chosen.warnings) == 1
    assert chosen.warnings[0].startswith("Series 1 was passed over: 1 slice(s) missing between z = -367.00 mm")
    with pytest.raises(InputError, match=r"^scan: 1 slice\(s\) missing"):
        choose_series(broken, "scan", uids[0])


def test_a_series_of_damaged_pixels_gives_way(study):
    headers, uids = study(LONG, {})
    for header in headers:
        if header.SeriesNumber == 1:
            path = Path(header.filename)
            path.write_bytes(path.read_bytes()[:-80])
    chosen = choose_series(headers, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    assert len(chosen.warnings) == 1
    assert "pixel data is truncated or damaged" in chosen.warnings[0]


def test_a_series_of_projections_is_passed_over_without_a_word(study):
    headers, uids = study({**LONG, "image_type": ("DERIVED", "SECONDARY", "AXIAL", "MIP")}, {})
    chosen = choose_series(headers, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    assert chosen.warnings == ()


def test_a_folder_in_a_warning_stays_unnamed(study):
    headers, _ = study(LONG, {})
    for header in headers:
        if header.SeriesNumber == 1:
            del header.RescaleSlope
    folder = headers[0].filename.rsplit("/", 2)[0]
    (warning,) = choose_series(headers, folder).warnings
    assert warning.startswith("Series 1 was passed over: 1/ct-0001.dcm: RescaleSlope is missing")


def test_the_newest_study_is_analysed_and_the_older_ones_are_its_priors(study):
    headers, uids = study({"study_date": "20180301"}, {"study_date": "20210515"}, {"study_date": "20200229"})
    chosen = choose_series(headers, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    assert chosen.reason.endswith("is the only CT series that can be analysed.")
    assert [(p.date.isoformat(), p.series_instance_uid) for p in chosen.priors] == [("2020-02-29", uids[2]), ("2018-03-01", uids[0])]
    assert [w[:40] for w in chosen.warnings] == ["An older CT study of 2020-02-29 (study 1", "An older CT study of 2018-03-01 (study 1"]
    older = choose_series(headers, "scan", uids[2])
    assert older.stack.slices[0].header.StudyDate == "20200229"
    assert [p.date.isoformat() for p in older.priors] == ["2018-03-01"]


def test_a_prior_is_known_by_its_best_series(study):
    headers, uids = study({}, {"study_date": "19991231", "image_type": DERIVED, **LONG}, {"study_date": "19991231"})
    assert [p.series_instance_uid for p in choose_series(headers, "scan").priors] == [uids[2]]


def test_a_newest_study_without_a_scan_is_passed_over_and_a_broken_one_is_not(study):
    headers, uids = study({}, {"study_date": "20010101"})
    few = [h for h in headers if h.StudyDate != "20010101" or h.InstanceNumber < 4]
    chosen = choose_series(few, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[0]
    assert [w[:25] for w in chosen.warnings] == ["A newer CT study (study 1"]
    gap = [h for h in headers if h.StudyDate != "20010101" or h.InstanceNumber != 4]
    with pytest.raises(InputError, match=r"1 slice\(s\) missing"):
        choose_series(gap, "scan")


def test_studies_of_one_day_compete(study):
    headers, uids = study({}, {"study_time": "130000", **LONG})
    chosen = choose_series(headers, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    assert chosen.priors == ()
    assert [w[:37] for w in chosen.warnings] == ["Another CT study of the same day (stu"]


def test_patients_are_never_mixed_and_never_named(study):
    headers, uids = study(
        {"patient_id": "ID-471147114711"}, {"patient_id": "ID-081508150815", "patient_name": "Doe^Jane", "study_date": "20010101"}
    )
    with pytest.raises(InputError, match=r"^scan: holds CT of 2 patients; name the folder of one patient") as caught:
        choose_series(headers, "scan")
    assert not any(secret in str(caught.value) for secret in ("471147114711", "081508150815", "Doe"))
    chosen = choose_series(headers, "scan", uids[1])
    assert chosen.stack.slices[0].header.StudyDate == "20010101"
    assert chosen.priors == ()
    assert chosen.warnings == ()
