from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
from highdicom.sr import srread
from pydicom import dcmread

from nodulescope.operators.dicom.encapsulated_pdf import write_encapsulated_pdf
from nodulescope.operators.dicom.key_images import write_key_images
from nodulescope.operators.dicom.measurement_report import make_measurement_report, write_measurement_report
from nodulescope.operators.dicom.segmentation import write_segmentation
from nodulescope.operators.examination.findings_json import write_findings

ONE_NUMBER = {
    "103339001": ("long_axis_mm", "mm"),
    "103340004": ("short_axis_mm", "mm"),
    "81827009": ("mean_diameter_mm", "mm"),
    "118565006": ("volume_mm3", "mm3"),
    "solid-part-diam": ("solid_diameter_mm", "mm"),
    "pleura-distance": ("pleura_distance_mm", "mm"),
    "RID36042": ("malignancy", "1"),
}
RATINGS = {
    "C45992": "subtlety",
    "400": "sphericity",
    "C25563": "margin",
    "C62175": "lobulation",
    "C28749": "spiculation",
    "C41144": "texture",
}
OF_THE_PRIOR = {
    "prior-interval": ("interval_days", "d"),
    "volume-change": ("volume_change_percent", "%"),
    "volume-doubling": ("volume_doubling_time_days", "d"),
    "diameter-change": ("mean_diameter_change_mm", "mm"),
    "solid-change": ("solid_diameter_change_mm", "mm"),
    "prior-diameter": ("mean_diameter_mm", "mm"),
    "prior-long-axis": ("long_axis_mm", "mm"),
    "prior-short-axis": ("short_axis_mm", "mm"),
    "prior-solid-diam": ("solid_diameter_mm", "mm"),
    "prior-volume": ("volume_mm3", "mm3"),
}
TRENDS = {"baseline": "C1442488", "new": "129721008", "growing": "15454001", "stable": "129723006", "shrinking": "19776001"}
TYPES = {"solid": "RID50151", "calcified": "RID50151", "part-solid": "RID50152", "ground-glass": "RID50153"}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """``written(exam)``: the folder with the report, the segmentation and ``findings.json`` of an examination."""
    known = {}

    def write(exam):
        if id(exam) not in known:
            folder = known[id(exam)] = tmp_path_factory.mktemp("report")
            write_findings(exam, folder / "findings.json")
            write_segmentation(exam, folder / "segmentation.dcm")
            write_measurement_report(exam, folder / "measurements.dcm", folder / "segmentation.dcm")
        return known[id(exam)]

    return write


@pytest.fixture(scope="module")
def empty_examination(small_chest_ct, examine):
    return examine(small_chest_ct(), nodules=0)


def _numbers(group):
    """(concept, method, derivation) to (value, unit); every measurement is there once."""
    items = group.get_measurements()
    read = {
        (item.name.value, item.method and item.method.value, item.derivation and item.derivation.value): (item.value, item.unit.value)
        for item in items
    }
    assert len(read) == len(items)
    return read


def _expected_numbers(found, brock):
    """What a nodule of ``findings.json`` must give, worked out anew."""
    prior = found["prior"] or {}
    expected = {(code, None, None): (found[key], unit) for code, (key, unit) in ONE_NUMBER.items() if found[key] is not None}
    expected["81827009", None, "373098007"] = expected.pop(("81827009", None, None))
    expected |= {(code, None, None): (found["attributes"][name], "1") for code, name in RATINGS.items()}
    expected |= {(code, None, None): (prior[key], unit) for code, (key, unit) in OF_THE_PRIOR.items() if prior.get(key) is not None}
    expected["111012", None, None] = (pytest.approx(100 * found["probability"]), "%")
    expected["C3672", None, None] = (pytest.approx(100 * found["attributes"]["calcification"]), "%")
    expected["112031", None, "373098007"] = (found["mean_hu"], "[hnsf'U]")
    expected["111047", "grading-network", None] = (pytest.approx(100 * found["malignancy_probability"]), "%")
    if brock is not None and brock["low"] == brock["high"]:
        expected["111047", "brock", None] = (pytest.approx(100 * brock["low"]), "%")
    elif brock is not None:
        expected["111047", "brock", "255605001"] = (pytest.approx(100 * brock["low"]), "%")
        expected["111047", "brock", "56851009"] = (pytest.approx(100 * brock["high"]), "%")
    return expected


def _assert_as_in_findings(folder, exam):
    findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    groups = srread(folder / "measurements.dcm").content.get_volumetric_roi_measurement_groups()
    segments = {int(s.SegmentNumber): s for s in dcmread(folder / "segmentation.dcm", stop_before_pixels=True).SegmentSequence}
    assert [str(group.tracking_uid) for group in groups] == [found["tracking_uid"] for found in findings["nodules"]]
    for group, found in zip(groups, findings["nodules"], strict=True):
        brock = (findings["assessment"]["brock"] or {}).get(str(found["id"]))
        assert _numbers(group) == _expected_numbers(found, brock)
        codes = {item.name.value: item.value.value for item in group.get_qualitative_evaluations()}
        assert codes["C41144"] == TYPES[found["type"]]
        assert codes["122151"] == TRENDS[found["status"]]
        assert codes.get("1362105002") == (None if found["lung_rads"] is None else f"LR-{found['lung_rads']}")
        assert ("C3672" in codes) == (found["type"] == "calcified")
        assert group.finding_type.value == ("4147007" if found["is_mass"] else "27925004")
        assert group.finding_sites[0].laterality.meaning.lower() == found["side"]
        places = {i.ConceptNameCodeSequence[0].CodeValue: i.GraphicData for i in group[0].ContentSequence if i.ValueType == "SCOORD3D"}
        assert places["111010"] == pytest.approx(found["center_lps_mm"], abs=1e-4)
        (number,) = group.referenced_segment.referenced_segment_numbers
        assert (number, segments[number].TrackingUID) == (found["id"], found["tracking_uid"])


def test_every_number_and_code_equals_the_findings_on_any_grid(any_examination, written):
    _assert_as_in_findings(written(any_examination), any_examination)


def test_every_number_and_code_equals_the_findings_of_every_kind_of_nodule(rich_examination, written):
    _assert_as_in_findings(written(rich_examination), rich_examination)


def test_every_number_and_code_equals_the_findings_of_many_nodules(crowd, written):
    exam = crowd(12)
    _assert_as_in_findings(written(exam), exam)


def test_no_nodule_is_stated_in_code_instead_of_a_group(empty_examination, written):
    report = srread(written(empty_examination) / "measurements.dcm")
    assert report.content.get_volumetric_roi_measurement_groups() == []
    groups = report.content.get_image_measurement_groups()
    assert [(group.finding_type.value, group.get_measurements()) for group in groups] == [("27925004", [])]
    evaluations = {item.name.value: item.value.value for item in groups[0].get_qualitative_evaluations()}
    assert evaluations["121052"] == "272519000"


def test_the_report_says_in_which_language_of_which_procedure_by_which_device(dicom_examination, segmentation):
    report = make_measurement_report(dicom_examination, segmentation)
    heads = {item.ConceptNameCodeSequence[0].CodeMeaning: item for item in report.ContentSequence}
    assert heads["Language of Content Item and Descendants"].ConceptCodeSequence[0].CodeValue == "en-US"
    assert heads["Procedure reported"].ConceptCodeSequence[0].CodeMeaning == "CT unspecified body region"
    assert heads["Observer Type"].ConceptCodeSequence[0].CodeMeaning == "Device"
    assert heads["Device Observer Name"].TextValue == "nodulescope"
    assert heads["Device Observer Serial Number"].TextValue == report.DeviceSerialNumber
    assert report.ContentSequence[-1].ConceptNameCodeSequence[0].CodeMeaning == "Qualitative Evaluations"


def test_the_report_is_complete_but_not_verified(dicom_examination, segmentation):
    report = make_measurement_report(dicom_examination, segmentation)
    assert report.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34"
    assert (report.CompletionFlag, report.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
    assert (str(report.PatientName), str(report.ContentDate)) == ("Phantom^One", "20000101")
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"


def test_a_repeated_run_writes_the_same_bytes(dicom_examination, segmentation, tmp_path):
    for name in ("a.dcm", "b.dcm"):
        write_measurement_report(dicom_examination, tmp_path / name, segmentation)
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


def test_a_segmentation_of_other_nodules_is_refused(dicom_examination, segmentation):
    first = dataclasses.replace(dicom_examination.nodules[0], tracking_uid="1.2.3")
    exam = dataclasses.replace(dicom_examination, nodules=(first, dicom_examination.nodules[1]))
    with pytest.raises(ValueError, match="no segment of nodule 1"):
        make_measurement_report(exam, segmentation)


def test_the_object_keeps_to_its_definition_on_any_grid(any_examination, written, dciodvfy):
    assert dciodvfy(written(any_examination) / "measurements.dcm") == []


def test_the_object_keeps_to_its_definition_with_and_without_nodules(rich_examination, empty_examination, written, dciodvfy):
    for exam in (rich_examination, empty_examination):
        assert dciodvfy(written(exam) / "measurements.dcm") == []


def test_the_content_keeps_to_its_templates(rich_examination, written, sr_validator):
    assert sr_validator(written(rich_examination) / "measurements.dcm") == []


def test_the_content_keeps_to_its_templates_without_nodules(empty_examination, written, sr_validator):
    assert sr_validator(written(empty_examination) / "measurements.dcm") == []


def test_all_objects_agree_with_the_images_on_patient_study_and_series(rich_examination, written, dcentvfy, tmp_path):
    for file in written(rich_examination).glob("*.dcm"):
        shutil.copy(file, tmp_path)
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
    write_encapsulated_pdf(rich_examination, tmp_path / "report.pdf", tmp_path / "report.dcm")
    results = [tmp_path / "segmentation.dcm", tmp_path / "measurements.dcm", tmp_path / "report.dcm"]
    results += write_key_images(rich_examination, tmp_path)
    images = [header.filename for header in rich_examination.ct.source.instances]
    assert dcentvfy([*results, *images]) == []
    strange = dcmread(results[0])
    strange.PatientID = "Somebody else"
    strange.save_as(results[0])
    assert dcentvfy([*results, *images]) != []
