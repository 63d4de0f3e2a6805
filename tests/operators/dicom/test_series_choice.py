from __future__ import annotations

import copy

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
        ({"shape": (10, 10, 40), "spacing": (1, 1, 1.25)}, {"shape": (10, 10, 20), "spacing": (1, 1, 2.5)}, "has the thinnest slices"),
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
        "covers most of the patient, has the thinnest slices."
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
    assert chosen.warnings[0].startswith("Another series was passed over: scan: series 1: 1 slice(s) missing between z = -367.00 mm")
    with pytest.raises(InputError, match=r"^scan: 1 slice\(s\) missing"):
        choose_series(broken, "scan", uids[0])


def test_two_studies_are_never_guessed_between(study):
    headers, uids = study({}, {"study_date": "20010101"})
    with pytest.raises(InputError, match="CT of 2 studies"):
        choose_series(headers, "scan")
    assert choose_series(headers, "scan", uids[1]).stack.slices[0].header.StudyDate == "20010101"
