from __future__ import annotations

import dataclasses
import warnings

import highdicom
import numpy as np
import pytest
from pydicom import dcmread

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.segmentation import (
    MOST_FRAMES,
    lung_segment_number,
    make_segmentation,
    nodule_segment_number,
    write_segmentation,
)
from nodulescope.operators.examination import Side


def _world(image, segment):
    """LPS mm of every voxel of a segment, by highdicom's own geometry."""
    volume = image.get_volume(segment_numbers=[segment], combine_segments=False)
    indices = np.argwhere(volume.array[..., 0])
    return volume.map_indices_to_reference(indices)


def test_segments_lie_where_the_nodules_are(any_examination, tmp_path):
    write_segmentation(any_examination, tmp_path / "segmentation.dcm")
    image = highdicom.seg.segread(tmp_path / "segmentation.dcm")
    for nodule in any_examination.nodules:
        centroid = _world(image, nodule_segment_number(nodule)).mean(axis=0)
        assert np.linalg.norm(centroid - nodule.measurements.center_lps_mm) < 1.0


def test_segments_hold_the_voxels_of_the_label_maps(any_examination, tmp_path):
    write_segmentation(any_examination, tmp_path / "segmentation.dcm")
    image = highdicom.seg.segread(tmp_path / "segmentation.dcm")
    for nodule in any_examination.nodules:
        assert len(_world(image, nodule.id)) == np.count_nonzero(any_examination.nodule_labels == nodule.id)
    outside = any_examination.nodule_labels == 0
    for side, label in ((Side.RIGHT, RIGHT_LUNG), (Side.LEFT, LEFT_LUNG)):
        points = _world(image, lung_segment_number(any_examination, side))
        assert len(points) == np.count_nonzero((any_examination.lung_mask.labels == label) & outside)
        assert (points[:, 0] < 0).all() if side is Side.RIGHT else (points[:, 0] > 0).all()


def test_every_frame_refers_to_the_image_at_its_place(any_examination):
    result = make_segmentation(any_examination)
    headers = any_examination.ct.source.instances
    positions = {}
    for header in headers:
        frames = header.get("PerFrameFunctionalGroupsSequence") or [None]
        for number, frame in enumerate(frames, start=1):
            place = header if frame is None else frame.PlanePositionSequence[0]
            positions[(header.SOPInstanceUID, None if frame is None else number)] = [float(v) for v in place.ImagePositionPatient]
    for group in result.PerFrameFunctionalGroupsSequence:
        reference = group.DerivationImageSequence[0].SourceImageSequence[0]
        key = (reference.ReferencedSOPInstanceUID, reference.get("ReferencedFrameNumber"))
        assert [float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient] == positions[key]


def test_segments_are_described(segmentation, dicom_examination):
    labels = [segment.SegmentLabel for segment in segmentation.SegmentSequence]
    assert labels == ["Nodule 1", "Nodule 2", "Right lung", "Left lung"]
    first, lung = segmentation.SegmentSequence[0], segmentation.SegmentSequence[3]
    assert first.TrackingUID == dicom_examination.nodules[0].tracking_uid
    assert first.TrackingID == "Nodule 1"
    assert first.SegmentAlgorithmType == "AUTOMATIC"
    assert (first.SegmentedPropertyTypeCodeSequence[0].CodeValue, first.SegmentedPropertyCategoryCodeSequence[0].CodeValue) == (
        "27925004",
        "49755003",
    )
    assert first.SegmentationAlgorithmIdentificationSequence[0].AlgorithmName == "nodule_segmentation_bundle"
    assert first.AnatomicRegionSequence[0].AnatomicRegionModifierSequence[0].CodeMeaning == "Right"
    kind = lung.SegmentedPropertyTypeCodeSequence[0]
    assert (kind.CodeValue, kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeValue) == ("39607008", "7771000")
    assert lung.SegmentationAlgorithmIdentificationSequence[0].AlgorithmName == "lung_segmentation_bundle"
    assert (segmentation.SegmentationType, segmentation.SegmentsOverlap) == ("BINARY", "NO")


def test_a_mass_is_called_a_mass(dicom_examination):
    first = dicom_examination.nodules[0]
    big = dataclasses.replace(first, measurements=dataclasses.replace(first.measurements, mean_diameter_mm=31.0))
    exam = dataclasses.replace(dicom_examination, nodules=(big, dicom_examination.nodules[1]))
    assert make_segmentation(exam).SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeValue == "4147007"


def test_empty_frames_are_kept_unless_there_are_too_many(dicom_examination, segmentation):
    frames = dicom_examination.ct.shape[2] * 4
    assert frames < MOST_FRAMES
    assert segmentation.NumberOfFrames == frames
    sparse = make_segmentation(dicom_examination, omit_empty_frames=True)
    slices = [np.count_nonzero((dicom_examination.nodule_labels == n.id).any(axis=(0, 1))) for n in dicom_examination.nodules]
    assert sum(slices) < sparse.NumberOfFrames < frames


def test_without_nodules_only_the_lungs_are_segments(small_chest_ct, examine):
    result = make_segmentation(examine(small_chest_ct(), nodules=0))
    assert [segment.SegmentLabel for segment in result.SegmentSequence] == ["Right lung", "Left lung"]


def test_a_repeated_run_writes_the_same_bytes(dicom_examination, tmp_path):
    write_segmentation(dicom_examination, tmp_path / "a.dcm")
    write_segmentation(dataclasses.replace(dicom_examination, timings_s={"reading": 5.0}), tmp_path / "b.dcm")
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


def test_patient_and_study_are_those_of_the_images(segmentation, dicom_examination):
    header = dicom_examination.ct.source.instances[0]
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID", "StudyDate"):
        assert segmentation[keyword].value == header[keyword].value


def test_an_odd_name_reaches_the_file_but_no_warning(small_chest_ct, examine, tmp_path):
    exam = examine(small_chest_ct(patient_name="Jörg Müller"), nodules=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        write_segmentation(exam, tmp_path / "segmentation.dcm")
    assert not [warning for warning in caught if "Müller" in str(warning.message)]
    assert str(dcmread(tmp_path / "segmentation.dcm").PatientName) == "Jörg Müller"


def test_an_input_that_is_no_dicom_is_refused(dicom_examination, tmp_path):
    source = dataclasses.replace(dicom_examination.ct.source, kind="nrrd", instances=())
    exam = dataclasses.replace(dicom_examination, ct=dataclasses.replace(dicom_examination.ct, source=source))
    with pytest.raises(InputError, match="need a DICOM input"):
        write_segmentation(exam, tmp_path / "segmentation.dcm")
    assert not list(tmp_path.iterdir())


def test_the_validator_finds_no_error(any_examination, dciodvfy, tmp_path):
    write_segmentation(any_examination, tmp_path / "segmentation.dcm")
    assert dciodvfy(tmp_path / "segmentation.dcm") == []
