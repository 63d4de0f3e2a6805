from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydicom.sr.codedict import codes

from nodulescope.operators.dicom.nodule_group import nodule_group
from nodulescope.operators.dicom.segmentation import make_segmentation
from nodulescope.operators.dicom.source_images import source_images
from nodulescope.operators.examination.findings_json import examination_to_findings


def _groups(exam):
    source, findings, segmentation = source_images(exam.ct), examination_to_findings(exam), make_segmentation(exam)
    return [nodule_group(exam, nodule, findings, segmentation, source) for nodule in exam.nodules]


def _places(group):
    return {
        item.ConceptNameCodeSequence[0].CodeValue: (item.GraphicType, np.reshape(item.GraphicData, (-1, 3)))
        for item in group[0].ContentSequence
        if item.ValueType == "SCOORD3D"
    }


def test_each_group_refers_to_its_segment_and_the_images_under_it(any_examination):
    segmentation = make_segmentation(any_examination)
    known = {header.SOPInstanceUID for header in any_examination.ct.source.instances}
    for group, nodule in zip(_groups(any_examination), any_examination.nodules, strict=True):
        reference = group.referenced_segment
        assert reference.referenced_sop_instance_uid == segmentation.SOPInstanceUID
        assert reference.referenced_segment_numbers == [nodule.id]
        images = reference.source_images_for_segmentation
        assert {image.referenced_sop_instance_uid for image in images} <= known
        slices = np.count_nonzero((any_examination.nodule_labels == nodule.id).any(axis=(0, 1)))
        assert sum(len(image.referenced_frame_numbers or [1]) for image in images) == slices


def test_axes_and_centre_are_drawn_in_patient_coordinates(any_examination):
    frame_of_reference = any_examination.ct.source.instances[0].FrameOfReferenceUID
    for group, nodule in zip(_groups(any_examination), any_examination.nodules, strict=True):
        sizes, places = nodule.measurements, _places(group)
        assert list(places) == ["103339001", "103340004", "111010"]  # the long axis first
        for code, ends, length in (
            ("103339001", sizes.long_axis_lps_mm, sizes.long_axis_mm),
            ("103340004", sizes.short_axis_lps_mm, sizes.short_axis_mm),
        ):
            kind, points = places[code]
            assert kind == "POLYLINE"
            np.testing.assert_allclose(points, ends, atol=0.006)
            assert np.linalg.norm(points[1] - points[0]) == pytest.approx(length, abs=0.02)
        kind, point = places["111010"]
        assert kind == "POINT"
        np.testing.assert_allclose(point, [sizes.center_lps_mm], atol=0.006)
        uids = {item.ReferencedFrameOfReferenceUID for item in group[0].ContentSequence if item.ValueType == "SCOORD3D"}
        assert uids == {frame_of_reference}


def test_a_group_tells_what_was_found_where_and_by_which_models(rich_examination):
    groups = _groups(rich_examination)
    assert [group.finding_type for group in groups] == [codes.SCT.Mass] + 4 * [codes.SCT.Nodule]
    for group, nodule in zip(groups, rich_examination.nodules, strict=True):
        assert (group.tracking_uid, group.tracking_identifier) == (nodule.tracking_uid, f"Nodule {nodule.id}")
        assert group.finding_category == codes.SCT.MorphologicallyAbnormalStructure
        assert (group.finding_sites[0].value, group.finding_sites[0].laterality) == (codes.SCT.Lung, codes.SCT.Left)
        texts = [item.TextValue for item in group[0].ContentSequence if item.ValueType == "TEXT"]
        for model in rich_examination.models:
            assert f"{model.stage}: {model.bundle} {model.version} sha256:{model.sha256}" in texts


def test_the_day_of_the_prior_stands_in_the_group(rich_examination):
    days = [[str(item.Date) for item in group[0].ContentSequence if item.ValueType == "DATE"] for group in _groups(rich_examination)]
    assert days == [["19990630"], ["19990630"], [], [], []]


def test_a_nodule_that_is_not_painted_is_refused(dicom_examination):
    labels = dicom_examination.nodule_labels * (dicom_examination.nodule_labels != 2)
    with pytest.raises(ValueError, match="no voxel of nodule 2"):
        _groups(dataclasses.replace(dicom_examination, nodule_labels=labels))
