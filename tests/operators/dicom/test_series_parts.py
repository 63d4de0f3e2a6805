from __future__ import annotations

import copy

import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.files import read_headers
from nodulescope.operators.dicom.series_choice import choose_series
from nodulescope.operators.dicom.series_parts import series_parts


@pytest.fixture
def headers(make_ct, write_series, tmp_path):
    """Twelve headers, 2.5 mm apart from z = -412 mm on."""
    write_series(make_ct(shape=(12, 12, 12)), tmp_path)
    return read_headers(tmp_path)


def renamed(headers, tail, **elements):
    """Copies with other SOP Instance UIDs and elements."""
    copies = [copy.deepcopy(header) for header in headers]
    for header in copies:
        header.SOPInstanceUID = f"{header.SOPInstanceUID[:40]}.{tail}.{header.InstanceNumber}"
        for keyword, value in elements.items():
            setattr(header, keyword, value)
    return copies


def test_a_scan_is_one_part(headers):
    (part,), faults = series_parts(headers, "scan")
    assert (len(part.stack.slices), part.left_out, faults) == (12, 0, [])


def test_an_unmarked_localizer_is_left_out(headers):
    scouts = renamed(headers[:2], 7, ImageOrientationPatient=[1, 0, 0, 0, 0, -1], Rows=888)
    (part,), faults = series_parts([*scouts, *headers], "scan")
    assert (len(part.stack.slices), part.left_out, faults) == (12, 2, [])
    assert choose_series([*scouts, *headers], "scan").warnings == (
        "2 image(s) of the series belong to no slice of this scan and were left out.",
    )


def test_a_screen_shot_filed_as_ct_is_left_out(headers):
    (shot,) = renamed(headers[:1], 7)
    del shot.ImagePositionPatient, shot.ImageOrientationPatient, shot.PixelSpacing, shot.RescaleSlope
    (part,), faults = series_parts([*headers, shot], "scan")
    assert (len(part.stack.slices), part.left_out, faults) == (12, 1, [])
    with pytest.raises(InputError, match=r"(ImagePositionPatient|ImageOrientationPatient) is missing"):
        series_parts([shot], "scan")


def test_a_slice_that_lost_its_position_alone_is_damage(headers):
    del headers[4].ImagePositionPatient
    with pytest.raises(InputError, match=r"ct-0005\.dcm: ImagePositionPatient is missing"):
        series_parts(headers, "scan")


def test_reformats_in_the_series_compete_and_the_axial_one_wins(headers):
    coronal = renamed(headers, 7, ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    for n, header in enumerate(coronal):
        header.ImagePositionPatient = [-101.5, 30 + 2.5 * n, -300]
    parts, faults = series_parts([*coronal, *headers], "scan")
    assert [part.left_out for part in parts] == [12, 12]
    assert faults == []
    chosen = choose_series([*coronal, *headers], "scan")
    assert chosen.stack.slices[0].normal.tolist() == [0, 0, 1]
    assert chosen.reason.endswith("was chosen from 2 CT series because it is axial.")


@pytest.mark.parametrize("keyword", ["AcquisitionNumber", "TemporalPositionIdentifier"])
def test_phases_of_one_place_are_told_apart(keyword, headers):
    for header in headers:
        setattr(header, keyword, 1)
    second = renamed(headers, 7, **{keyword: 2})
    parts, faults = series_parts([*headers, *second], "scan")
    assert [len(part.stack.slices) for part in parts] == [12, 12]
    assert [part.left_out for part in parts] == [12, 12]
    assert faults == []


def test_phases_that_nothing_tells_apart_are_refused(headers):
    parts, (fault,) = series_parts([*headers, *renamed(headers, 7)], "scan")
    assert parts == []
    assert "12 position(s) hold more than one slice" in str(fault)


def test_a_gap_is_not_explained_away_by_parting(headers):
    for header in headers:
        header.AcquisitionNumber = 1 if header.InstanceNumber < 3 else 2
    parts, (fault,) = series_parts(headers[:5] + headers[6:], "scan")
    assert parts == []
    assert "1 slice(s) missing" in str(fault)


def test_too_few_of_every_kind_are_refused_for_their_difference(headers):
    for header in headers[:6]:
        header.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    parts, (fault,) = series_parts(headers, "scan")
    assert parts == []
    assert "different orientations: compare ct-0001.dcm with ct-0007.dcm" in str(fault)


def test_a_series_copied_into_two_folders_is_one_scan(headers):
    (part,), _ = series_parts([*headers, *copy.deepcopy(headers)], "scan")
    assert (len(part.stack.slices), part.stack.duplicates, part.left_out) == (12, 12, 0)


def test_projections_alone_are_refused(headers):
    for header in headers:
        header.ImageType = ["DERIVED", "SECONDARY", "AXIAL", "CSA MIP"]
    with pytest.raises(InputError, match=r"only localizers \(scout views\), projections or parameter maps"):
        series_parts(headers, "scan")
