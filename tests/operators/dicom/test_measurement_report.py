from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from highdicom.sr import srread
from pydicom.sr.codedict import codes

from nodulescope.operators.dicom.measurement_report import NO_NODULE, make_measurement_report, write_measurement_report
from nodulescope.operators.dicom.report_codes import MALIGNANCY
from nodulescope.operators.dicom.segmentation import make_segmentation, write_segmentation
from nodulescope.operators.examination.findings_json import examination_to_findings


@pytest.fixture(scope="module")
def report(any_examination, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_segmentation(any_examination, folder / "segmentation.dcm")
    write_measurement_report(any_examination, folder / "measurements.dcm", folder / "segmentation.dcm")
    return folder / "measurements.dcm"


@pytest.fixture(scope="module")
def empty(small_chest_ct, examine, tmp_path_factory):
    """Report of an examination without nodules."""
    exam = examine(small_chest_ct(), nodules=0)
    path = tmp_path_factory.mktemp("empty") / "measurements.dcm"
    write_measurement_report(exam, path, make_segmentation(exam))
    return path


def _groups(path):
    return srread(path).content.get_volumetric_roi_measurement_groups()


def _number(group, name):
    items = group.get_measurements(name=name)
    assert len(items) == 1
    return items[0].value, items[0].unit.value


def test_each_nodule_has_one_volumetric_group_with_the_numbers_of_the_findings(report, any_examination):
    findings = examination_to_findings(any_examination)
    groups = _groups(report)
    assert [str(group.tracking_uid) for group in groups] == [nodule["tracking_uid"] for nodule in findings["nodules"]]
    for group, found in zip(groups, findings["nodules"], strict=True):
        assert group.tracking_identifier == f"Nodule {found['id']}"
        assert _number(group, codes.SCT.LongAxis) == (found["long_axis_mm"], "mm")
        assert _number(group, codes.SCT.ShortAxis) == (found["short_axis_mm"], "mm")
        assert _number(group, codes.SCT.Diameter) == (found["mean_diameter_mm"], "mm")
        assert _number(group, codes.SCT.Volume) == (found["volume_mm3"], "mm3")
        assert _number(group, MALIGNANCY) == (found["malignancy"], "1")
        assert _number(group, codes.DCM.ProbabilityOfCancer)[0] == pytest.approx(100 * found["malignancy_probability"])
        assert _number(group, codes.DCM.CertaintyOfFinding)[0] == pytest.approx(100 * found["probability"])
        assert group.finding_type == codes.SCT.Nodule
        assert group.finding_category == codes.SCT.MorphologicallyAbnormalStructure
        site = group.finding_sites[0]
        assert site.value == codes.SCT.Lung
        assert site.laterality == (codes.SCT.Right if found["side"] == "right" else codes.SCT.Left)


def test_each_group_refers_to_its_segment_and_the_images_under_it(report, any_examination):
    segmentation = make_segmentation(any_examination)
    known = {header.SOPInstanceUID for header in any_examination.ct.source.instances}
    for group, nodule in zip(_groups(report), any_examination.nodules, strict=True):
        reference = group.referenced_segment
        assert reference.referenced_sop_instance_uid == segmentation.SOPInstanceUID
        assert reference.referenced_segment_numbers == [nodule.id]
        images = reference.source_images_for_segmentation
        assert {image.referenced_sop_instance_uid for image in images} <= known
        slices = np.count_nonzero((any_examination.nodule_labels == nodule.id).any(axis=(0, 1)))
        frames = sum(len(image.referenced_frame_numbers or [1]) for image in images)
        assert frames == slices


def test_the_long_axis_is_drawn_in_patient_coordinates(report, any_examination):
    frame_of_reference = any_examination.ct.source.instances[0].FrameOfReferenceUID
    for group, nodule in zip(_groups(report), any_examination.nodules, strict=True):
        lines = [item for item in group[0].ContentSequence if item.ValueType == "SCOORD3D"]
        assert len(lines) == 1
        assert lines[0].GraphicType == "POLYLINE"
        assert lines[0].ReferencedFrameOfReferenceUID == frame_of_reference
        ends = np.reshape(lines[0].GraphicData, (2, 3))
        np.testing.assert_allclose(ends, nodule.measurements.long_axis_lps_mm, atol=0.006)
        assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(nodule.measurements.long_axis_mm, abs=0.02)


def test_the_models_are_named_with_their_hashes(report, any_examination):
    texts = [item.TextValue for item in _groups(report)[0][0].ContentSequence if item.ValueType == "TEXT"]
    for model in any_examination.models:
        assert f"{model.stage}: {model.bundle} {model.version} sha256:{model.sha256}" in texts


def test_what_was_not_assessed_is_said(report):
    container = srread(report).content[0].ContentSequence[-1]
    assert container.ConceptNameCodeSequence[0].CodeMeaning == "Qualitative Evaluations"
    texts = [item.TextValue for item in container.ContentSequence if item.ValueType == "TEXT"]
    assert "Not assessed: fleischner. The age is not known." in texts
    category = container.ContentSequence[0]
    assert (category.ConceptNameCodeSequence[0].CodeValue, category.ConceptCodeSequence[0].CodeValue) == ("1362105002", "LR-4A")


def test_no_nodule_is_stated(empty):
    report = srread(empty)
    assert report.content.get_volumetric_roi_measurement_groups() == []
    groups = report.content.get_image_measurement_groups()
    assert len(groups) == 1
    assert groups[0].finding_type == codes.SCT.Nodule
    presence = groups[0].get_qualitative_evaluations(name=codes.DCM.PresenceOfProperty)
    assert [item.value for item in presence] == [codes.SCT.Absent]
    container = report.content[0].ContentSequence[-1]
    assert NO_NODULE in [item.TextValue for item in container.ContentSequence if item.ValueType == "TEXT"]


def test_a_repeated_run_writes_the_same_bytes(dicom_examination, segmentation, tmp_path):
    for name in ("a.dcm", "b.dcm"):
        write_measurement_report(dicom_examination, tmp_path / name, segmentation)
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


def test_the_report_is_complete_but_not_verified(dicom_examination, segmentation):
    report = make_measurement_report(dicom_examination, segmentation)
    assert report.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34"
    assert (report.CompletionFlag, report.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
    assert (str(report.PatientName), str(report.ContentDate)) == ("Phantom^One", "20000101")
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"


def test_a_segmentation_of_other_nodules_is_refused(dicom_examination, segmentation):
    first = dataclasses.replace(dicom_examination.nodules[0], tracking_uid="1.2.3")
    exam = dataclasses.replace(dicom_examination, nodules=(first, dicom_examination.nodules[1]))
    with pytest.raises(ValueError, match="no segment of nodule 1"):
        make_measurement_report(exam, segmentation)


def test_the_object_keeps_to_its_definition(report, empty, dciodvfy):
    assert dciodvfy(report) == []
    assert dciodvfy(empty) == []


def test_the_content_keeps_to_its_templates(dicom_examination, segmentation, sr_validator, tmp_path):
    write_measurement_report(dicom_examination, tmp_path / "measurements.dcm", segmentation)
    assert sr_validator(tmp_path / "measurements.dcm") == []


def test_the_content_keeps_to_its_templates_without_nodules(empty, sr_validator):
    assert sr_validator(empty) == []
