from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.operators.reading import read_ct


def read_with_gdcm(folder) -> CTVolume:
    """An oracle that shares no code with the reader under test."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    affine = np.eye(4)
    affine[:3, :3] = np.asarray(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return CTVolume(sitk.GetArrayFromImage(image).T.astype(np.float32), affine, CTSource("dicom"))


def test_any_orientation_comes_back_where_it_was(orientation, make_ct, write_series, assert_same_image, tmp_path):
    ct = make_ct(orientation=orientation)
    write_series(ct, tmp_path)
    assert_same_image(ct, read_ct(tmp_path))
    assert_same_image(ct, read_with_gdcm(tmp_path))


def test_an_oblique_grid_comes_back_where_it_was(make_ct, write_series, assert_same_image, tmp_path):
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    ct = make_ct(rotation=rotation)
    write_series(ct, tmp_path)
    assert_same_image(ct, read_ct(tmp_path))


def test_rows_and_columns_keep_their_own_spacing(make_ct, write_series, tmp_path):
    paths = write_series(make_ct(spacing=(0.75, 0.5, 2.5)), tmp_path)
    header = pydicom.dcmread(paths[0])
    assert (header.Columns, header.Rows) == (10, 11)
    assert list(header.PixelSpacing) == [0.5, 0.75]


def test_slices_are_numbered_along_k(make_ct, write_series, tmp_path):
    ct = make_ct()
    paths = write_series(ct, tmp_path)
    headers = [pydicom.dcmread(p, stop_before_pixels=True) for p in paths]
    assert [h.InstanceNumber for h in headers] == list(range(1, 13))
    assert [float(h.ImagePositionPatient[2]) for h in headers] == [-412.0 + 2.5 * k for k in range(12)]


def test_the_same_input_gives_the_same_bytes(make_ct, write_series, tmp_path):
    first, second = (write_series(make_ct(), tmp_path / name) for name in ("a", "b"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def uids(paths):
    headers = [pydicom.dcmread(p, stop_before_pixels=True) for p in paths]
    return {(h.StudyInstanceUID, h.SeriesInstanceUID, h.FrameOfReferenceUID) for h in headers}.pop(), {h.SOPInstanceUID for h in headers}


def test_series_of_one_study_share_it_and_other_studies_do_not(make_ct, write_series, tmp_path):
    (study, series, frame), instances = uids(write_series(make_ct(), tmp_path / "a"))
    (study_b, series_b, frame_b), instances_b = uids(write_series(make_ct(seed=1), tmp_path / "b", series_number=2))
    (study_c, series_c, frame_c), _ = uids(write_series(make_ct(), tmp_path / "c", seed="prior"))
    assert (study, frame) == (study_b, frame_b)
    assert series != series_b
    assert len(instances | instances_b) == 24
    assert len({study, study_c}) == len({series, series_c}) == len({frame, frame_c}) == 2


@pytest.mark.parametrize(("slope", "intercept"), [(1, -1024), (1, 0), (0.5, -1000), (2, -8192), (-1, 100)])
def test_slope_and_intercept_are_undone(slope, intercept, make_ct, write_series, tmp_path):
    ct = make_ct()
    ct.hu[:] = np.rint(ct.hu / 2) * 2
    write_series(ct, tmp_path, slope=slope, intercept=intercept)
    np.testing.assert_allclose(read_ct(tmp_path).hu, ct.hu, atol=1e-3)


def test_padding_is_stored_declared_and_recovered(make_ct, write_series, tmp_path):
    ct = make_ct()
    padding = np.zeros(ct.shape, dtype=bool)
    padding[:2, 3] = True
    ct.hu[padding] = -1000
    paths = write_series(replace(ct, padding=padding), tmp_path, padding_value=-2000)
    stored = pydicom.dcmread(paths[4])
    assert stored.PixelPaddingValue == -2000
    assert (stored.pixel_array[3, :2] == -2000).all()
    back = read_ct(tmp_path)
    np.testing.assert_array_equal(back.padding, padding)
    np.testing.assert_array_equal(back.hu, ct.hu)


def test_what_does_not_fit_is_refused(make_ct, write_series, tmp_path):
    with pytest.raises(ValueError, match="do not fit 16 bits"):
        write_series(make_ct(), tmp_path, slope=0.01)
    sheared = make_ct()
    sheared.affine_lps[1, 2] = 1.0
    with pytest.raises(ValueError, match="sheared"):
        write_series(sheared, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (package dicom3tools) is not installed")
def test_the_objects_conform_to_the_standard(make_ct, write_series, tmp_path):
    ct = make_ct()
    paths = write_series(replace(ct, padding=ct.hu < -900), tmp_path, padding_value=-2000, patient_sex="F", patient_birth_date="19500101")
    report = subprocess.run(["dciodvfy", str(paths[0])], capture_output=True, text=True, check=False)
    assert "CTImage" in report.stderr
    assert "Error" not in report.stderr
    assert "Warning" not in report.stderr
