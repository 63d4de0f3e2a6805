from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.operators.dicom.files import read_headers
from nodulescope.operators.dicom.series_choice import choose_series
from nodulescope.operators.dicom.series_ranking import slice_thickness_mm

ABDOMEN = {"lungs": 0.0}


def body(length=240.0, lungs=160.0, spacing=5.0):
    """A body in air, 4 mm pixels, with two lungs of 80 x 120 mm and the given length at its upper end."""
    shape = (75, 65, int(length / spacing))
    affine = np.diag([4.0, 4.0, spacing, 1.0])
    affine[:3, 3] = (-148, -128, 0)
    x, y, z = (affine[a, 3] + affine[a, a] * np.arange(n) for a, n in enumerate(shape))
    x, y, z = np.abs(x)[:, None, None], np.abs(y)[None, :, None], z[None, None, :]
    hu = np.where((x < 120) & (y < 100) & (z > -1), 40.0, -1000.0)
    hu = np.where((x > 10) & (x < 90) & (y < 60) & (z > length - lungs), -850.0, hu)
    return CTVolume(hu.astype(np.float32), affine, CTSource("phantom"))


@pytest.fixture
def study(write_series, edit, tmp_path):
    """Write series given by their anatomy and the elements that differ; their headers, and their UIDs."""

    def write(*series):
        uids = []
        for number, (anatomy, elements) in enumerate(series, start=1):
            paths = write_series(
                body(**anatomy), tmp_path / str(number), series_number=number, series_description=str(number), body_part=""
            )
            for path in paths if elements else ():
                edit(path, **elements)
            uids.append(str(pydicom.dcmread(paths[0], stop_before_pixels=True).SeriesInstanceUID))
        return read_headers(tmp_path), uids

    return write


def test_lungs_count_and_not_what_the_header_calls_the_region(study):
    abdomen = {"length": 400.0, "lungs": 0.0}, {"BodyPartExamined": "CHEST"}
    headers, uids = study(abdomen, ({}, {"BodyPartExamined": "ABDOMEN"}))
    chosen = choose_series(headers, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    assert chosen.reason.endswith("because it shows most of the lungs.")


def test_reaching_beyond_the_lungs_is_no_merit(study):
    headers, uids = study(({"length": 600.0}, {}), ({"spacing": 2.5}, {}))
    chosen = choose_series(headers, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    assert chosen.reason.endswith("because it has thin slices.")


def test_thin_slices_of_half_the_lungs_lose(study):
    headers, uids = study(({"lungs": 80.0, "spacing": 2.5}, {}), ({}, {}))
    assert choose_series(headers, "scan").stack.slices[0].header.SeriesInstanceUID == uids[1]


@pytest.mark.parametrize(
    ("worse", "reason"),
    [
        ({"SeriesDescription": "CTAC 5.0"}, "is a diagnostic CT, not the attenuation correction of PET"),
        ({"ConvolutionKernel": "LUNG"}, "has the kernel that suits measuring best"),
        ({"SliceThickness": 8}, "has thin slices"),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}, "is original, not derived"),
    ],
)
def test_what_decides_between_series_of_one_scan(worse, reason, study):
    headers, uids = study(({}, {"ConvolutionKernel": "B80f"} | worse), ({}, {"ConvolutionKernel": "STANDARD"}))
    chosen = choose_series(headers, "scan")
    assert chosen.stack.slices[0].header.SeriesInstanceUID == uids[1]
    decisive = chosen.reason.split("because it ")[1].rstrip(".").split(", ", maxsplit=0 if "," in reason else -1)
    assert decisive[0].startswith(reason)


def test_an_attenuation_correction_ct_alone_is_analysed_with_a_warning(study):
    headers, _ = study(({}, {"SeriesDescription": "AC CT"}))
    chosen = choose_series(headers, "scan")
    assert chosen.warnings == ("The series was made to correct PET for attenuation: free breathing and low dose hide small nodules.",)


def test_an_attenuation_correction_ct_with_lungs_beats_a_diagnostic_one_without(study):
    headers, uids = study((ABDOMEN, {}), ({}, {"SeriesDescription": "CT AC"}))
    assert choose_series(headers, "scan").stack.slices[0].header.SeriesInstanceUID == uids[1]


def test_thickness_is_read_where_an_enhanced_image_has_it(study):
    headers, _ = study(({}, {}))
    stack = choose_series(headers, "scan").stack
    header = stack.slices[0].header
    assert slice_thickness_mm(stack) == 5.0
    header.SliceThickness = None
    assert slice_thickness_mm(stack) is None
    measures, group = Dataset(), Dataset()
    measures.SliceThickness = 0.75
    group.PixelMeasuresSequence = [measures]
    header.SharedFunctionalGroupsSequence = [group]
    assert slice_thickness_mm(stack) == 0.75
