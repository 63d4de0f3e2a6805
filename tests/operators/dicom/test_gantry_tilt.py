from __future__ import annotations

import highdicom
import numpy as np
import pytest
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from pydicom import dcmread

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.operators.dicom import series_geometry
from nodulescope.operators.dicom.ct_slice import ct_slices
from nodulescope.operators.dicom.files import read_headers
from nodulescope.operators.dicom.segmentation import write_segmentation
from nodulescope.operators.dicom.source_images import source_images
from nodulescope.operators.reading import read_ct

BALLS = (((-42.0, 5.0, -210.0), 13.0), ((39.0, -7.0, -236.0), 7.0))
"""As in the small chest that the fixture ``examine`` knows."""

CENTER = np.array([0.0, 0.0, -223.0])


def points(shape, affine):
    return index_to_world(affine, np.moveaxis(np.indices(shape), 0, -1))


def chest(at):
    """Soft tissue with two boxes of lung and the balls in them."""
    x, y, z = np.abs(at - CENTER).transpose(3, 0, 1, 2)
    hu = np.where((x < 84) & (y < 62), 40.0, -1000.0)
    hu[(x > 8) & (x < 76) & (y < 52) & (z < 52)] = -850.0
    for center, diameter in BALLS:
        hu[np.linalg.norm(at - center, axis=-1) <= diameter / 2] = 30.0
    return hu


def hill(at):
    """A smooth ball in soft tissue, whose centre can be found to a fraction of a voxel, in air."""
    hu = 40 + 400 * np.exp(-(np.linalg.norm(at - CENTER, axis=-1) ** 2) / 200)
    return np.where(np.abs(at[..., 1]) < 40, hu, -1000.0)


@pytest.fixture
def tilted_series(write_series, tmp_path):
    """Write a scene as a scanner with a tilted gantry does: planes turned about the left-right axis, the table moving along z."""

    def write(scene, tilt_deg, shape=(90, 70, 48), spacing=(2.0, 2.0, 2.5)):
        tilt = np.radians(tilt_deg)
        directions = np.array([[1, 0, 0], [0, np.cos(tilt), 0], [0, -np.sin(tilt), 1]])  # columns: along i, along j, the table
        affine = np.eye(4)
        affine[:3, :3] = directions * spacing
        affine[:3, 3] = CENTER - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
        upright = np.diag([*spacing, 1.0])
        stored = CTVolume(np.rint(scene(points(shape, affine))).astype(np.float32), upright, CTSource("phantom"))
        folder = tmp_path / "tilted"
        for k, path in enumerate(write_series(stored, folder)):
            dataset = dcmread(path)
            dataset.ImageOrientationPatient = [round(float(v), 10) for v in (*directions[:, 0], *directions[:, 1])]
            dataset.ImagePositionPatient = [round(float(v), 6) for v in affine[:3, 3] + k * affine[:3, 2]]
            dataset.save_as(path)
        return folder

    return write


@pytest.mark.parametrize("tilt_deg", [-22.0, 3.0, 14.0])
def test_a_known_ball_stays_where_it_is(tilt_deg, tilted_series):
    ct = read_ct(tilted_series(hill, tilt_deg))
    directions = ct.affine_lps[:3, :3] / np.asarray(ct.spacing_mm)
    np.testing.assert_allclose(directions.T @ directions, np.eye(3), atol=1e-6)
    assert ct.spacing_mm == pytest.approx((2.0, 2.0, 2.5 * np.cos(np.radians(tilt_deg))))
    at = points(ct.shape, ct.affine_lps)
    near = np.linalg.norm(at - CENTER, axis=-1) < 25
    weight = np.clip(ct.hu - 40, 0, None) * near
    found = (at * weight[..., None]).sum(axis=(0, 1, 2)) / weight.sum()
    assert np.linalg.norm(found - CENTER) < 0.1
    # Linear interpolation of a hill of 400 HU with sigma 10 mm on 2 mm pixels errs by 2 HU at most.
    assert np.abs(ct.hu - hill(at))[near].max() < 3


def test_what_was_not_scanned_is_padding(tilted_series):
    ct = read_ct(tilted_series(chest, 14.0))
    assert ct.shape[:2] == (90, 70 + int(np.ceil(47 * 2.5 * np.sin(np.radians(14)) / 2.0)))
    assert ct.padding is not None
    assert (ct.hu[ct.padding] == -1000).all()
    measured = (~ct.padding).sum(axis=1)
    assert measured.min() >= 69  # a slice shifted by part of a pixel loses half a pixel at either end
    assert measured.max() <= 70
    assert ct.source.warnings == ("The gantry was tilted by 14.0 degrees: the slices were shifted onto an upright grid.",)


def test_an_upright_series_is_left_alone(tilted_series):
    ct = read_ct(tilted_series(chest, 0.0))
    assert ct.shape == (90, 70, 48)
    assert ct.padding is None
    assert ct.source.warnings == ()


def test_segments_lie_on_the_images_as_they_were_taken(tilted_series, examine, dciodvfy, tmp_path):
    exam = examine(read_ct(tilted_series(chest, 14.0)))
    for nodule, (center, diameter) in zip(exam.nodules, BALLS, strict=True):
        assert np.linalg.norm(np.subtract(nodule.measurements.center_lps_mm, center)) < 1.0
        assert abs(nodule.measurements.mean_diameter_mm - diameter) < 1.0
    path = tmp_path / "segmentation.dcm"
    result = write_segmentation(exam, path, omit_empty_frames=True)
    assert (result.Columns, result.Rows) == (90, 70)
    sources = {header.SOPInstanceUID: header for header in exam.ct.source.instances}
    found: dict[int, list[np.ndarray]] = {}
    for frame, group in zip(highdicom.seg.segread(path).pixel_array, result.PerFrameFunctionalGroupsSequence, strict=True):
        source = sources[group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID]
        np.testing.assert_allclose(group.PlanePositionSequence[0].ImagePositionPatient, source.ImagePositionPatient, atol=1e-4)
        to_patient = highdicom.spatial.PixelToReferenceTransformer.for_image(source)
        rows, columns = np.nonzero(frame)
        number = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        found.setdefault(number, []).append(to_patient(np.stack([columns, rows], axis=1)))
    for nodule, (center, _) in zip(exam.nodules, BALLS, strict=True):
        voxels = np.concatenate(found[nodule.id])
        assert len(voxels) == np.count_nonzero(exam.nodule_labels == nodule.id)
        assert np.linalg.norm(voxels.mean(axis=0) - center) < 1.0
    assert dciodvfy(path) == []


def test_a_tilted_multi_frame_image_is_straightened_alike(tilted_series, examine, tmp_path):
    folder = tilted_series(chest, 14.0)
    classic = read_ct(folder)
    slices = [dcmread(header.filename) for header in reversed(classic.source.instances)]
    enhanced = LegacyConvertedEnhancedCTImage(
        slices, series_instance_uid="1.2.3", series_number=2, sop_instance_uid="1.2.3.4", instance_number=1
    )
    enhanced.save_as(tmp_path / "enhanced.dcm")
    ct = read_ct(tmp_path / "enhanced.dcm")
    np.testing.assert_allclose(ct.affine_lps, classic.affine_lps, atol=1e-6)
    np.testing.assert_allclose(ct.hu, classic.hu, atol=1e-3)
    exam, source = examine(ct), source_images(ct)
    frames = source.frame_numbers - 1
    stored = [source.headers[0].PerFrameFunctionalGroupsSequence[n].PlanePositionSequence[0].ImagePositionPatient for n in frames]
    np.testing.assert_allclose(stored, [header.ImagePositionPatient for header in classic.source.instances])
    planes = source.planes(exam.nodule_labels)
    assert planes.shape == (48, 70, 90)
    np.testing.assert_array_equal(planes[frames], source_images(classic).planes(exam.nodule_labels))


def test_real_headers_of_a_tilted_series(shared_data, monkeypatch):
    monkeypatch.setattr(series_geometry, "MINIMUM_SLICES", 4)
    headers = read_headers(shared_data / "odd-dicom" / "broken-series" / "gantrytilting")
    stack = series_geometry.stack_slices([one for header in headers for one in ct_slices(header)], "scan")
    assert stack.tilt_deg == pytest.approx(14.0, abs=0.05)
    assert stack.offsets_px is not None
    for k, (offset, one) in enumerate(zip(stack.offsets_px, stack.slices, strict=True)):
        np.testing.assert_allclose(index_to_world(stack.affine_lps, [*offset, k]), one.position, atol=0.01)
