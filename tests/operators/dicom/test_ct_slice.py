from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.uid import MRImageStorage, SegmentationStorage

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.ct_slice import ct_slices, is_ct_image, is_placed


@pytest.fixture
def header(make_ct, write_series, tmp_path):
    path = write_series(make_ct(orientation=((1, 0, 2), (1, -1, 1))), tmp_path)[3]
    return pydicom.dcmread(path, stop_before_pixels=True)


def test_a_slice_knows_its_place_and_scale(header):
    (one,) = ct_slices(header)
    assert one.position.tolist() == [-101.5, 37.25, -404.5]
    assert one.row_direction.tolist() == [0, 1, 0]
    assert one.column_direction.tolist() == [-1, 0, 0]
    assert one.normal.tolist() == [0, 0, 1]
    assert (one.column_spacing_mm, one.row_spacing_mm) == (0.75, 0.5)
    assert one.size == (10, 11)
    assert (one.slope, one.intercept, one.padding) == (1, -1024, None)
    assert one.image_type == ("ORIGINAL", "PRIMARY", "AXIAL")
    assert one.name == str(one.path) == header.filename


def test_only_ct_images_count(header):
    assert is_ct_image(header)
    for other in (MRImageStorage, SegmentationStorage):
        header.SOPClassUID = other
        assert not is_ct_image(header)


def test_a_localizer_is_no_slice_even_when_it_lacks_a_scale(header):
    header.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    del header.RescaleSlope
    assert ct_slices(header) == []


@pytest.mark.parametrize(
    "image_type",
    [
        ["DERIVED", "SECONDARY", "AXIAL", "CSA MIP"],
        ["DERIVED", "SECONDARY", "MIN_IP"],
        ["DERIVED", "SECONDARY", "OTHER", "PROJECTION IMAGE"],
        ["DERIVED", "PRIMARY", "PERFUSION", "RCBF"],
        "SCOUT",
    ],
)
def test_projections_and_parameter_maps_are_no_slices(image_type, header):
    header.ImageType = image_type
    assert ct_slices(header) == []


@pytest.mark.parametrize(
    "image_type", [["ORIGINAL", "SECONDARY", "AXIAL"], ["DERIVED", "SECONDARY", "MPR"], ["DERIVED", "PRIMARY", "AXIAL", "CSA MPR"]]
)
def test_reformats_are_slices(image_type, header):
    header.ImageType = image_type
    assert len(ct_slices(header)) == 1


def test_one_part_of_a_split_object_is_refused(header):
    header.InConcatenationTotalNumber = 2
    with pytest.raises(InputError, match="only one part of a multi-frame image"):
        ct_slices(header)


def test_an_image_without_any_place_is_told_from_a_damaged_slice(header):
    assert is_placed(header)
    del header.ImagePositionPatient
    assert is_placed(header)
    del header.ImageOrientationPatient
    assert not is_placed(header)


def test_a_frame_calculated_as_a_projection_is_no_slice(shared_data):
    header = pydicom.dcmread(shared_data / "odd-dicom" / "multiframe" / "mf.dcm", stop_before_pixels=True)
    for group in (*header.SharedFunctionalGroupsSequence, *header.PerFrameFunctionalGroupsSequence):
        for kind in group.get("CTImageFrameTypeSequence", ()):
            kind.VolumeBasedCalculationTechnique = "MAX_IP"
    assert ct_slices(header) == []


@pytest.mark.parametrize(
    ("representation", "vr", "value", "limit", "expected"),
    [
        (1, "SS", -2000, None, (-2000, -2000)),
        (1, "US", 63536, None, (-2000, -2000)),  # as in LIDC-IDRI-0001
        (0, "US", 63536, None, (63536, 63536)),
        (0, "US", 0, 10, (0, 10)),
        (1, "SS", -1990, -2000, (-2000, -1990)),
    ],
)
def test_padding_is_read_with_the_sign_of_the_pixels(representation, vr, value, limit, expected, header):
    header.PixelRepresentation = representation
    header.add_new("PixelPaddingValue", vr, value)
    if limit is not None:
        header.add_new("PixelPaddingRangeLimit", vr, limit)
    assert ct_slices(header)[0].padding == expected


@pytest.mark.parametrize(
    "keyword", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept", "Rows"]
)
def test_a_missing_attribute_is_named(keyword, header):
    delattr(header, keyword)
    with pytest.raises(InputError, match=f"{keyword} is missing"):
        ct_slices(header)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageOrientationPatient", [1, 0, 0, 0, 0.9, 0]),
        ("ImageOrientationPatient", [1, 0, 0, 0.7071, 0.7071, 0]),
        ("ImageOrientationPatient", [1, 0, 0]),
        ("ImagePositionPatient", [1, 2]),
        ("PixelSpacing", [0, 0.5]),
        ("PixelSpacing", [0.5]),
        ("RescaleSlope", 0),
        ("RescaleSlope", None),
        ("PixelSpacing", None),
    ],
)
def test_nonsense_is_refused(keyword, value, header):
    setattr(header, keyword, value)
    with pytest.raises(InputError, match="malformed"):
        ct_slices(header)


def test_values_that_are_no_hounsfield_units_are_refused(header):
    header.RescaleType = "Z_EFF"
    with pytest.raises(InputError, match="its values are Z_EFF, not Hounsfield units"):
        ct_slices(header)
    header.RescaleType = "US"
    assert len(ct_slices(header)) == 1


def test_frames_in_a_classic_image_are_not_dropped_silently(header):
    header.NumberOfFrames = 12
    with pytest.raises(InputError, match="holds a single frame"):
        ct_slices(header)


def test_frames_of_an_enhanced_image(shared_data):
    header = pydicom.dcmread(shared_data / "odd-dicom" / "multiframe" / "mf.dcm", stop_before_pixels=True)
    slices = ct_slices(header)
    assert [s.frame for s in slices] == [0, 1, 2]
    np.testing.assert_allclose([s.position[2] for s in slices], [-177.75, -175.25, -172.75])
    assert {(s.size, s.row_spacing_mm, s.column_spacing_mm, s.slope, s.intercept) for s in slices} == {((24, 38), 0.7, 0.7, 1.0, 0.0)}
    assert slices[2].name.endswith("mf.dcm frame 3")
