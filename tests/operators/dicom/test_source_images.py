from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydicom.dataset import Dataset

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.source_images import UNDATED, source_images


def _with_headers(ct, **elements):
    """The CT with other elements in every header; the value None removes an element."""
    headers = []
    for header in ct.source.instances:
        copy = Dataset()
        copy.update(header)
        for keyword, value in elements.items():
            # A new element: assigning to the attribute would change the one that the CT's own header shares.
            copy.pop(keyword, None)
            if value is not None:
                setattr(copy, keyword, value)
        headers.append(copy)
    return dataclasses.replace(ct, source=dataclasses.replace(ct.source, instances=tuple(headers)))


def test_headers_come_slice_by_slice_without_the_name(dicom_examination):
    ct = dicom_examination.ct
    source = source_images(ct)
    assert [h.SOPInstanceUID for h in source.headers] == [h.SOPInstanceUID for h in ct.source.instances]
    assert {str(h.PatientName) for h in source.headers} == {""}
    assert source.patient_name == "Phantom^One"
    assert ct.source.instances[0].PatientName == "Phantom^One", "the CT's own headers stay as they are"
    assert source.frame_numbers is None
    assert (source.date, source.time) == ("20000101", "120000")
    assert source.frame_of_reference_uid == ct.source.instances[0].FrameOfReferenceUID


def test_preparing_headers_changes_none_of_them(dicom_examination, multi_frame_ct):
    for ct in (dicom_examination.ct, multi_frame_ct):
        before = [header.to_json() for header in ct.source.instances[:2]]  # this also decodes every element
        source_images(ct)
        assert [header.to_json() for header in ct.source.instances[:2]] == before


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_missing_and_broken_elements_are_left_empty(dicom_examination):
    broken = {"PatientID": None, "AccessionNumber": None, "PatientSex": "X", "StudyTime": "12:30", "PatientBirthDate": "19991399"}
    ct = _with_headers(dicom_examination.ct, **broken)
    header = source_images(ct).headers[0]
    assert {keyword: str(header[keyword].value or "") for keyword in ("PatientID", "AccessionNumber", "PatientSex", "StudyTime")} == {
        "PatientID": "", "AccessionNumber": "", "PatientSex": "", "StudyTime": "",
    }  # fmt: skip
    assert not header.PatientBirthDate


def test_faults_of_the_images_do_not_become_faults_of_the_results(dicom_examination):
    faulty = _with_headers(dicom_examination.ct, PatientIdentityRemoved="YES", ReferencedStudySequence=[Dataset()])
    header = source_images(faulty).headers[0]
    assert header.DeidentificationMethod == "Not stated in the source images"
    assert "ReferencedStudySequence" not in header
    told = _with_headers(dicom_examination.ct, PatientIdentityRemoved="YES", DeidentificationMethod="By hand")
    assert source_images(told).headers[0].DeidentificationMethod == "By hand"


def test_results_are_dated_by_the_most_telling_date(dicom_examination):
    ct = _with_headers(dicom_examination.ct, ContentDate="", AcquisitionDate="20190203", AcquisitionTime="0405")
    assert (source_images(ct).date, source_images(ct).time) == ("20190203", "0405")
    undated = _with_headers(dicom_examination.ct, ContentDate="", AcquisitionDate="", SeriesDate="20190231", StudyDate="")
    assert (source_images(undated).date, source_images(undated).time) == UNDATED


def test_a_missing_frame_of_reference_is_made_up_once(dicom_examination):
    ct = _with_headers(dicom_examination.ct, FrameOfReferenceUID=None)
    uids = {str(h.FrameOfReferenceUID) for h in source_images(ct).headers}
    assert len(uids) == 1
    assert source_images(ct).frame_of_reference_uid == uids.pop()


def test_frames_are_found_by_their_position(multi_frame_ct):
    source = source_images(multi_frame_ct)
    assert len(source.headers) == 1
    np.testing.assert_array_equal(source.frame_numbers, np.arange(48, 0, -1), "stored from head to feet, sorted from feet to head")


def test_orientation_of_the_frames_is_shared(multi_frame_ct):
    header = Dataset()
    header.update(multi_frame_ct.source.instances[0])
    shared = Dataset()
    shared.update(header.SharedFunctionalGroupsSequence[0])
    orientation = shared.PlaneOrientationSequence
    del shared.PlaneOrientationSequence, header.SharedFunctionalGroupsSequence
    header.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for frame in header.PerFrameFunctionalGroupsSequence:
        copy = Dataset()
        copy.update(frame)
        copy.PlaneOrientationSequence = orientation
        frames.append(copy)
    del header.PerFrameFunctionalGroupsSequence
    header.PerFrameFunctionalGroupsSequence = frames
    ct = dataclasses.replace(multi_frame_ct, source=dataclasses.replace(multi_frame_ct.source, instances=(header,)))
    groups = source_images(ct).headers[0].SharedFunctionalGroupsSequence[0]
    assert groups.PlaneOrientationSequence[0].ImageOrientationPatient == [1, 0, 0, 0, 1, 0]


def test_a_ct_without_headers_has_no_dicom_results(dicom_examination):
    source = dataclasses.replace(dicom_examination.ct.source, kind="nifti", path="chest.nii", instances=())
    with pytest.raises(InputError, match=r"chest\.nii: DICOM results need a DICOM input"):
        source_images(dataclasses.replace(dicom_examination.ct, source=source))


def test_headers_that_do_not_fit_the_volume_are_refused(dicom_examination, multi_frame_ct):
    ct = dicom_examination.ct
    fewer = dataclasses.replace(ct, source=dataclasses.replace(ct.source, instances=ct.source.instances[:-1]))
    with pytest.raises(InputError, match="47 DICOM headers do not fit 48 slices"):
        source_images(fewer)
    moved = multi_frame_ct.affine_lps.copy()
    moved[2, 3] += 40
    with pytest.raises(InputError, match="does not hold every slice"):
        source_images(dataclasses.replace(multi_frame_ct, affine_lps=moved))
