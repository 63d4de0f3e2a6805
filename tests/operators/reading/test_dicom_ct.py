from __future__ import annotations

import shutil

import numpy as np
import pydicom
import pytest
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from pydicom.uid import CTImageStorage

from nodulescope.bundles.errors import InputError
from nodulescope.operators.reading import read_ct


def refusal(path) -> str:
    with pytest.raises(InputError) as caught:
        read_ct(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def test_the_source_is_filled_in(make_ct, write_series, tmp_path):
    paths = write_series(make_ct(orientation=((0, 1, 2), (1, 1, -1))), tmp_path)  # written from head to feet
    source = read_ct(tmp_path).source
    header = pydicom.dcmread(paths[0], stop_before_pixels=True)
    assert source.kind == "dicom"
    assert source.path == str(tmp_path)
    assert source.study_instance_uid == header.StudyInstanceUID
    assert source.series_instance_uid == header.SeriesInstanceUID
    assert source.selection_reason == "Series 1 (12 slices every 2.5 mm over 30 mm) is the only CT series that can be analysed."
    assert [h.filename for h in source.instances] == [str(p) for p in reversed(paths)]
    assert all("PixelData" not in h for h in source.instances)


def test_an_enhanced_multi_frame_image_reads_like_the_series_it_was_made_of(make_ct, write_series, assert_same_image, tmp_path):
    ct = make_ct(orientation=((2, 0, 1), (1, -1, 1)))
    classic = [pydicom.dcmread(p) for p in write_series(ct, tmp_path / "classic")]
    classic[2], classic[7] = classic[7], classic[2]
    enhanced = LegacyConvertedEnhancedCTImage(
        classic, series_instance_uid="1.2.3", series_number=2, sop_instance_uid="1.2.3.4", instance_number=1
    )
    path = tmp_path / "enhanced.dcm"
    enhanced.save_as(path)
    back = read_ct(path)
    assert_same_image(ct, back)
    np.testing.assert_allclose(back.affine_lps, read_ct(tmp_path / "classic").affine_lps, atol=1e-9)
    assert len(back.source.instances) == 1
    assert back.source.instances[0].SOPInstanceUID == "1.2.3.4"


def test_values_without_air_are_refused(make_ct, write_series, tmp_path):
    ct = make_ct()
    ct.hu[:] = np.abs(ct.hu)
    write_series(ct, tmp_path)
    assert "do not look like Hounsfield units" in refusal(tmp_path)


def test_narrow_images_are_refused(make_ct, write_series, tmp_path):
    write_series(make_ct(shape=(3, 11, 12)), tmp_path)
    assert "3 x 11 x 12 voxels are too few" in refusal(tmp_path)


def test_a_folder_without_dicom_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    assert refusal(tmp_path).endswith("holds no DICOM file; name the folder of a chest CT")


def test_messages_hold_no_patient(make_ct, write_series, tmp_path):
    paths = write_series(make_ct(), tmp_path, patient_name="Doe^Jane", patient_id="ID-471147114711")
    paths[4].unlink()
    message = refusal(tmp_path)
    assert "missing" in message
    assert "Doe" not in message
    assert "471147114711" not in message


def test_lidc_idri_0001(shared_data):
    ct = read_ct(shared_data / "LIDC-IDRI-0001")
    assert ct.shape == (512, 512, 133)
    assert ct.spacing_mm == (0.703125, 0.703125, 2.5)
    np.testing.assert_allclose(ct.affine_lps[:3, 3], (-166.0, -171.699997, -340.0))
    assert ct.padding is not None
    assert ct.padding[0, 0].all()  # the corners lie outside the circle of reconstruction
    assert not ct.padding[256, 256].any()
    np.testing.assert_allclose(ct.padding.mean(), 1 - np.pi / 4, atol=0.003)
    assert ct.hu.min() == -1024  # -2048 and -3024 are gone
    assert (ct.hu[ct.padding] == -1000).all()
    assert [h.ImagePositionPatient[2] for h in ct.source.instances] == [-340.0 + 2.5 * k for k in range(133)]


def test_the_same_scan_as_dicom_and_as_nrrd(shared_data, assert_same_image):
    dicom = read_ct(shared_data / "copdgene-64" / "ct-64Dicom")
    nrrd = read_ct(shared_data / "copdgene-64" / "ct-64.nrrd")
    np.testing.assert_allclose(dicom.affine_lps, nrrd.affine_lps, atol=1e-3)
    np.testing.assert_array_equal(dicom.hu, nrrd.hu)


@pytest.mark.parametrize(
    ("folder", "rule"),
    [
        ("gantrytilting", "4 slices are too few"),
        ("sliceincrement/001", r"1 slice\(s\) missing between z = 28.11 mm and z = 38.11 mm"),
        ("sliceincrement/002", r"1 slice\(s\) missing between"),
        ("slicecount", r"holds no CT image, only MR \(2\)"),
        ("sliceorientation", r"holds no CT image, only MR \(4\)"),
    ],
)
def test_real_series_that_are_broken(folder, rule, shared_data):
    with pytest.raises(InputError, match=rule):
        read_ct(shared_data / "odd-dicom" / "broken-series" / folder)


@pytest.mark.parametrize(("folder", "rule"), [("slicecount", "2 slices are too few"), ("sliceorientation", "different orientations")])
def test_real_headers_of_broken_series_as_if_they_were_ct(folder, rule, shared_data, edit, tmp_path):
    shutil.copytree(shared_data / "odd-dicom" / "broken-series" / folder, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.rglob("*.dcm"):
        edit(path, SOPClassUID=CTImageStorage, Modality="CT", RescaleSlope=1, RescaleIntercept=-1024)
    assert rule in refusal(tmp_path)


def test_real_enhanced_images_of_few_frames(shared_data):
    folder = shared_data / "odd-dicom" / "multiframe"
    assert "3 slices are too few" in refusal(folder / "mf.dcm")
    assert "only localizers (scout views), projections or parameter maps" in refusal(folder / "eCT_Supplemental.dcm")  # maps of blood flow
