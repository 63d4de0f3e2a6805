from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nodulescope.operators.dicom.key_picture import DETAIL_MM, DETAIL_PIXELS, SHAPE, SLICE_PIXELS, caption_of, key_height_mm, key_picture
from nodulescope.operators.examination.findings_json import nodule_to_findings

MARK = (255, 205, 0)
LUNG, TISSUE = 85, 235
"""Grey of -850 HU and of 30 to 40 HU in the lung window, to a few levels."""


@pytest.fixture(scope="module")
def picture(dicom_examination):
    return key_picture(dicom_examination.ct, dicom_examination.nodules[0], ("first line", "second line"))


def _marked(pixels):
    return (pixels == MARK).all(axis=-1)


def test_the_outline_runs_around_the_enlarged_nodule(picture, dicom_examination):
    detail = picture[:DETAIL_PIXELS, SLICE_PIXELS:]
    rows, columns = np.nonzero(_marked(detail))
    middle, pixel_mm = (DETAIL_PIXELS - 1) / 2, DETAIL_MM / DETAIL_PIXELS
    radius = np.hypot(rows - middle, columns - middle) * pixel_mm
    half = dicom_examination.nodules[0].measurements.mean_diameter_mm / 2
    assert len(rows) > 2 * np.pi * half / pixel_mm * 0.8
    assert radius.min() > half - 0.8
    assert radius.max() < half + 0.8


def test_both_windows_show_the_nodule_and_one_has_no_drawing(picture):
    lung, mediastinum = picture[:DETAIL_PIXELS, SLICE_PIXELS:], picture[DETAIL_PIXELS:SLICE_PIXELS, SLICE_PIXELS:]
    center = DETAIL_PIXELS // 2
    assert lung[center, center].tolist() == pytest.approx(3 * [TISSUE], abs=4)
    assert lung[center, center + 60].tolist() == pytest.approx(3 * [LUNG], abs=4)  # 15 mm beside it
    assert mediastinum[center, center].tolist() == pytest.approx(3 * [120], abs=4)  # 30 HU between -160 and 240
    assert mediastinum[center, center + 60].tolist() == [0, 0, 0]
    assert not _marked(mediastinum).any()


def test_the_patients_right_is_on_the_left(picture, dicom_examination):
    x = dicom_examination.nodules[0].measurements.center_lps_mm[0]
    assert x < 0  # in the right lung
    whole = picture[:SLICE_PIXELS, :SLICE_PIXELS]
    _, columns = np.nonzero(_marked(whole))
    assert (columns.min() + columns.max()) / 2 == pytest.approx(SLICE_PIXELS / 2 + x * SLICE_PIXELS / 180, abs=2)


def test_the_picture_is_the_same_however_the_images_lie(any_examination, picture):
    other = key_picture(any_examination.ct, any_examination.nodules[0], ("first line", "second line"))
    assert other.shape == picture.shape == SHAPE
    assert other.dtype == np.uint8
    half = slice(SLICE_PIXELS, SLICE_PIXELS + DETAIL_PIXELS)
    # Turned images are interpolated, so edges differ; the picture as a whole does not.
    assert np.abs(other[:DETAIL_PIXELS, half].astype(int) - picture[:DETAIL_PIXELS, half]).mean() < 8


def test_the_picture_lies_on_a_slice(dicom_examination):
    ct, nodule = dicom_examination.ct, dicom_examination.nodules[0]
    heights = ct.affine_lps[2, 3] + np.arange(ct.shape[2]) * ct.affine_lps[2, 2]
    z = key_height_mm(ct, nodule)
    assert np.abs(heights - z).min() < 1e-6
    assert abs(z - nodule.measurements.long_axis_lps_mm[0][2]) <= 1.25 + 1e-6


def test_a_mass_gets_a_larger_field(dicom_examination):
    nodule = dicom_examination.nodules[0]
    mass = dataclasses.replace(nodule, measurements=dataclasses.replace(nodule.measurements, long_axis_mm=80.0))
    large, small = (
        np.count_nonzero(_marked(key_picture(dicom_examination.ct, n, ("", ""))[:DETAIL_PIXELS, SLICE_PIXELS:])) for n in (mass, nodule)
    )
    assert 0 < large < 0.7 * small


def test_the_caption_tells_the_numbers_of_the_findings_and_fits(rich_examination):
    found = nodule_to_findings(rich_examination.nodules[0])
    first, second = caption_of(found, 12, "image 134", "0.1.0")
    assert first == "Nodule 1 of 12: solid mass, left lung, 36.2 x 30.6 mm, mean 33.4 mm, 19012 mm3, Lung-RADS 4B"
    assert second.startswith("On image 134.")
    assert "research use only" in second
    foot = key_picture(rich_examination.ct, rich_examination.nodules[0], (first, second))[SLICE_PIXELS:]
    assert (foot > 128).any()
    assert not (foot[:, -8:] > 128).any()  # nothing is cut off at the right


def test_the_caption_leaves_out_a_category_that_is_not_known(rich_examination):
    first, _ = caption_of(nodule_to_findings(rich_examination.nodules[4]), 5, "image 1", "0.1.0")
    assert first.endswith(" mm3")
    assert "baseline" not in first
