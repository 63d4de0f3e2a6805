from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydicom import dcmread

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom import key_images
from nodulescope.operators.dicom.key_images import FILE_PATTERN, write_key_images
from nodulescope.operators.dicom.key_picture import SHAPE, key_picture


@pytest.fixture(scope="module")
def written(any_examination, tmp_path_factory):
    return write_key_images(any_examination, tmp_path_factory.mktemp("key"))


def test_each_nodule_has_one_in_one_series(any_examination, written):
    images = [dcmread(path) for path in written]
    assert [path.name for path in written] == ["key-image-1.dcm", "key-image-2.dcm"]
    assert sorted(written[0].parent.glob(FILE_PATTERN)) == list(written)
    assert [image.InstanceNumber for image in images] == [1, 2]
    assert len({image.SeriesInstanceUID for image in images}) == 1
    assert len({image.SOPInstanceUID for image in images}) == 2
    for image, nodule in zip(images, any_examination.nodules, strict=True):
        caption = str(image.ImageComments).splitlines()
        np.testing.assert_array_equal(image.pixel_array, key_picture(any_examination.ct, nodule, caption))
        assert (image.Rows, image.Columns, image.SamplesPerPixel, image.PhotometricInterpretation) == (*SHAPE, "RGB")


def test_it_refers_to_the_image_that_it_shows(any_examination, written):
    for path, nodule in zip(written, any_examination.nodules, strict=True):
        (item,) = dcmread(path).SourceImageSequence
        headers = {header.SOPInstanceUID: header for header in any_examination.ct.source.instances}
        header = headers[item.ReferencedSOPInstanceUID]
        frame = header.get("PerFrameFunctionalGroupsSequence")
        place = frame[item.ReferencedFrameNumber - 1].PlanePositionSequence[0] if frame else header
        assert abs(float(place.ImagePositionPatient[2]) - nodule.measurements.long_axis_lps_mm[0][2]) <= 1.25 + 1e-3
        named = f"frame {item.ReferencedFrameNumber}." if frame else f"image {header.InstanceNumber}."
        assert named in dcmread(path).ImageComments


def test_patient_study_and_dates_are_those_of_the_images(any_examination, written):
    image, header = dcmread(written[0]), any_examination.ct.source.instances[0]
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate"):
        assert image[keyword].value == header[keyword].value
    assert str(image.ContentDate) == str(image.DateOfSecondaryCapture) == "20000101"
    assert str(image.ContentTime) == str(image.TimeOfSecondaryCapture) == "120000"
    assert "InstanceCreationDate" not in image


def test_nothing_burned_in_names_the_patient_and_nothing_can_be_measured(any_examination, written):
    image = dcmread(written[0])
    header = any_examination.ct.source.instances[0]
    assert image.BurnedInAnnotation == "NO"
    for secret in (header.PatientID, str(header.PatientName), header.StudyDate, header.StudyInstanceUID):
        assert secret not in image.ImageComments
    assert not {"PixelSpacing", "ImagePositionPatient", "NominalScannedPixelSpacing"} & {element.keyword for element in image}


def test_a_repeated_run_writes_the_same_bytes(dicom_examination, tmp_path):
    (tmp_path / "again").mkdir()
    first, second = write_key_images(dicom_examination, tmp_path), write_key_images(dicom_examination, tmp_path / "again")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_slice_without_number_is_counted(dicom_examination, tmp_path):
    ct = dicom_examination.ct
    headers = [header.copy() for header in ct.source.instances]
    for header in headers:
        del header.InstanceNumber
    nameless = dataclasses.replace(ct, source=dataclasses.replace(ct.source, instances=tuple(headers)))
    path, *_ = write_key_images(dataclasses.replace(dicom_examination, ct=nameless), tmp_path)
    assert f" of {ct.shape[2]}." in dcmread(path).ImageComments


def test_only_the_most_suspicious_of_very_many_nodules_get_one(dicom_examination, tmp_path, monkeypatch):
    monkeypatch.setattr(key_images, "MOST_KEY_IMAGES", 1)
    assert [path.name for path in write_key_images(dicom_examination, tmp_path)] == ["key-image-1.dcm"]


def test_without_nodules_there_is_none(small_chest_ct, examine, tmp_path):
    assert write_key_images(examine(small_chest_ct(), nodules=0), tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_an_input_that_is_no_dicom_is_refused(dicom_examination, tmp_path):
    source = dataclasses.replace(dicom_examination.ct.source, kind="nrrd", instances=())
    exam = dataclasses.replace(dicom_examination, ct=dataclasses.replace(dicom_examination.ct, source=source))
    with pytest.raises(InputError, match="need a DICOM input"):
        write_key_images(exam, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_validator_finds_no_error(written, dciodvfy):
    assert [dciodvfy(path) for path in written] == [[], []]
