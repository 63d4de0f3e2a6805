from __future__ import annotations

import copy
import random

import numpy as np
import pydicom
import pytest
from highdicom.spatial import get_series_volume_positions
from hypothesis import given
from hypothesis import strategies as st

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.ct_slice import ct_slices
from nodulescope.operators.dicom.series_geometry import stack_slices


@pytest.fixture
def headers(make_ct, write_series, tmp_path):
    """Twelve headers, 2.5 mm apart from z = -412 mm on."""
    paths = write_series(make_ct(), tmp_path)
    return [pydicom.dcmread(p, stop_before_pixels=True) for p in paths]


def slices_of(headers):
    return [one for header in headers for one in ct_slices(header)]


def refusal(headers) -> str:
    with pytest.raises(InputError) as caught:
        stack_slices(slices_of(headers), "scan")
    message = str(caught.value)
    assert message.startswith("scan: ")
    assert "\n" not in message
    return message


def move(header, x=0.0, y=0.0, z=0.0):
    header.ImagePositionPatient = [float(v) + d for v, d in zip(header.ImagePositionPatient, (x, y, z), strict=True)]


def test_the_affine_maps_indices_to_patient_coordinates(headers, make_ct):
    stack = stack_slices(slices_of(headers), "scan")
    np.testing.assert_allclose(stack.affine_lps, make_ct().affine_lps, atol=1e-9)
    assert stack.spacing_mm == 2.5
    assert stack.coverage_mm == 30.0
    assert stack.duplicates == 0


def test_order_names_and_instance_numbers_play_no_part(headers):
    expected = [h.SOPInstanceUID for h in headers]
    for n, header in enumerate(headers):
        header.InstanceNumber = 100 - n
    random.Random(0).shuffle(headers)
    stack = stack_slices(slices_of(headers), "scan")
    assert [s.header.SOPInstanceUID for s in stack.slices] == expected


@pytest.mark.parametrize(
    ("cosines", "normal"),
    [
        ([1, 0, 0, 0, 1, 0], (0, 0, 1)),
        ([1, 0, 0, 0, -1, 0], (0, 0, -1)),
        ([1, 0, 0, 0, 0, -1], (0, 1, 0)),
        ([0, 1, 0, 0, 0, -1], (-1, 0, 0)),
    ],
)
def test_k_ascends_along_the_normal(cosines, normal, headers):
    for n, header in enumerate(headers):
        header.ImageOrientationPatient = cosines
        header.ImagePositionPatient = [3.0 * n * abs(v) for v in normal]
    stack = stack_slices(slices_of(headers), "scan")
    np.testing.assert_allclose(stack.affine_lps[:3, 2], 3.0 * np.asarray(normal), atol=1e-12)
    assert stack.slices[0].position @ normal == min(s.position @ normal for s in stack.slices)


@given(st.lists(st.floats(-0.1, 0.1), min_size=12, max_size=12))
def test_rounded_positions_still_form_an_even_grid(jitter):
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = pydicom.uid.CTImageStorage
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [0.7, 0.7]
    dataset.Rows = dataset.Columns = 16
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    headers = []
    for n, shift in enumerate(jitter):
        header = pydicom.FileDataset("x", copy.deepcopy(dataset))
        header.SOPInstanceUID = f"1.2.{n + 1}"
        header.ImagePositionPatient = [0, 0, round(2.5 * n + shift, 6)]
        headers.append(header)
    stack = stack_slices(slices_of(headers), "scan")
    ends = [float(h.ImagePositionPatient[2]) for h in (headers[0], headers[-1])]
    np.testing.assert_allclose(stack.spacing_mm, (ends[1] - ends[0]) / 11)


def test_a_copied_file_is_no_second_slice(headers):
    stack = stack_slices(slices_of([*headers, headers[3]]), "scan")
    assert len(stack.slices) == 12
    assert stack.duplicates == 1


def test_a_missing_slice_is_placed(headers):
    message = refusal(headers[:5] + headers[6:])
    assert "1 slice(s) missing between z = -402.00 mm and z = -397.00 mm" in message
    assert "a step of 5.00 mm where 2.50 mm is usual" in message
    assert "3 slice(s) missing" in refusal(headers[:7] + headers[10:])


def test_two_slices_at_one_place_are_placed(headers):
    move(headers[4], z=-2.5)
    message = refusal(headers)
    assert "1 position(s) hold more than one slice, the first at z = -404.50 mm (ct-0004.dcm and ct-0005.dcm)" in message


def test_uneven_slices_are_refused(headers):
    move(headers[4], z=0.6)
    assert "not evenly spaced (steps from 1.90 to 3.10 mm, worst at z = -401.40 mm)" in refusal(headers)


def test_mixed_slices_are_refused(headers):
    headers[2].ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    assert "different orientations: compare ct-0001.dcm with ct-0003.dcm" in refusal(headers)
    headers[2].ImageOrientationPatient = headers[0].ImageOrientationPatient
    headers[7].PixelSpacing = [0.5, 0.8]
    assert "different pixel spacings: compare ct-0001.dcm with ct-0008.dcm" in refusal(headers)
    headers[7].PixelSpacing = headers[0].PixelSpacing
    headers[9].Rows = 12
    assert "different numbers of rows or columns: compare ct-0001.dcm with ct-0010.dcm" in refusal(headers)
    headers[9].Rows = headers[0].Rows
    headers[11].FrameOfReferenceUID = "1.2.3"
    assert "2 frames of reference" in refusal(headers)


def test_a_tilted_gantry_gives_an_upright_grid_that_holds_every_slice(headers):
    for n, header in enumerate(headers):
        move(header, y=2.5 * n * np.tan(np.radians(14)))
    stack = stack_slices(slices_of(headers), "scan")
    assert stack.tilt_deg == pytest.approx(14.0)
    lean = 11 * 2.5 * np.tan(np.radians(14)) / 0.5  # in rows of 0.5 mm
    np.testing.assert_allclose(stack.offsets_px[[0, -1]], [[0, 0], [0, lean]], atol=1e-6)
    assert stack.size == (10, 11 + int(np.ceil(lean)))
    np.testing.assert_allclose(stack.affine_lps[:3, 2], [0, 0, 2.5], atol=1e-9)
    for k, (offset, one) in enumerate(zip(stack.offsets_px, stack.slices, strict=True)):
        np.testing.assert_allclose(stack.affine_lps @ [*offset, k, 1], [*one.position, 1], atol=1e-6)


def test_a_gantry_tilted_backwards_moves_the_origin(headers):
    for n, header in enumerate(headers):
        move(header, y=-2.5 * n * np.tan(np.radians(20)))
    stack = stack_slices(slices_of(headers), "scan")
    np.testing.assert_allclose(stack.offsets_px[-1], [0, 0], atol=1e-6)
    assert stack.affine_lps[1, 3] == pytest.approx(37.25 - 27.5 * np.tan(np.radians(20)))


def test_slices_that_lean_further_than_a_gantry_are_refused(headers):
    for n, header in enumerate(headers):
        move(header, y=2.5 * n)
    assert "its slices lean by 45.0 degrees, more than a gantry tilts (30 degrees)" in refusal(headers)


def test_rounding_is_no_tilt(headers):
    for n, header in enumerate(headers):
        move(header, y=2.5 * n * np.tan(np.radians(0.4)))
    stack = stack_slices(slices_of(headers), "scan")
    assert stack.offsets_px is None
    assert stack.size == (10, 11)
    np.testing.assert_allclose(stack.affine_lps[:3, 2], [0, 0, 2.5], atol=1e-9)


def test_a_slice_beside_the_others_is_refused(headers):
    move(headers[4], x=20)
    message = refusal(headers)
    assert "its slices do not lie in one line: the one at z = -402.00 mm (ct-0005.dcm) lies 26.7 pixels aside" in message


def test_two_images_of_one_uid_are_refused(headers):
    headers[7].SOPInstanceUID = headers[2].SOPInstanceUID
    message = refusal(headers)
    assert "two different images carry the same SOP Instance UID, one at z = -407.00 mm (ct-0003.dcm)" in message


@given(st.permutations(range(12)))
def test_the_order_is_that_of_highdicom(order):
    headers = []
    for n in order:
        header = pydicom.FileDataset("x", {})
        header.SOPClassUID, header.SOPInstanceUID = pydicom.uid.CTImageStorage, f"1.2.{n + 1}"
        header.ImageOrientationPatient, header.PixelSpacing = [0, 1, 0, 0, 0, -1], [0.7, 0.7]
        header.Rows = header.Columns = 16
        header.RescaleSlope, header.RescaleIntercept = 1, -1024
        header.ImagePositionPatient = [-3.0 * n, 5, 7]
        headers.append(header)
    stack = stack_slices(slices_of(headers), "scan")
    spacing, places = get_series_volume_positions(headers, index_convention="RD")
    assert stack.spacing_mm == pytest.approx(spacing)
    assert [str(one.header.SOPInstanceUID) for one in stack.slices] == [
        str(header.SOPInstanceUID) for _, header in sorted(zip(places, headers, strict=True), key=lambda pair: pair[0])
    ]


def test_too_few_slices_are_refused(headers):
    assert "9 slices are too few, at least 10" in refusal(headers[:9])
    assert "2 slices are too few" in refusal(headers[:2])
    assert "a single slice is no volume" in refusal(headers[:1])
    assert len(stack_slices(slices_of(headers[:10]), "scan").slices) == 10
