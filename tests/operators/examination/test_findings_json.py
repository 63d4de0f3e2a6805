from __future__ import annotations

import copy
import dataclasses
import json

import numpy as np
import pytest

from nodulescope.operators.examination import Acceptance, Assessment, Guideline, NoduleType, NotAssessed, Recommendation, Status
from nodulescope.operators.examination.findings_json import (
    InvalidFindings,
    examination_to_findings,
    findings_schema,
    validate_findings,
    write_findings,
)
from nodulescope.operators.priors import PriorComparison, PriorStudy


@pytest.fixture(scope="module")
def findings(dicom_examination):
    return examination_to_findings(dicom_examination)


def _reasons(findings):
    return {entry["what"]: entry["reason"] for entry in findings["assessment"]["not_assessed"]}


def test_the_keys_are_those_of_the_design(findings):
    assert list(findings) == [
        "schema_version", "generator", "input", "models", "lungs", "nodules", "prior", "assessment", "timings_s",
        "peak_memory_mb",
    ]  # fmt: skip
    assert list(findings["nodules"][0]) == [
        "id", "tracking_uid", "center_lps_mm", "side", "type", "long_axis_mm", "short_axis_mm", "mean_diameter_mm", "volume_mm3",
        "solid_diameter_mm", "is_mass", "probability", "malignancy", "malignancy_probability", "attributes", "status", "prior", "lung_rads",
        "mean_hu", "position", "lung_third", "lung_region", "pleura_distance_mm", "acceptance",
    ]  # fmt: skip


def test_the_values_are_those_of_the_examination(findings, dicom_examination):
    source = dicom_examination.ct.source
    assert findings["generator"] == {"name": "nodulescope", "version": "0.1.0"}
    assert findings["input"]["series_instance_uid"] == source.series_instance_uid
    assert findings["input"]["size"] == [90, 70, 48]
    assert findings["input"]["spacing_mm"] == [2.0, 2.0, 2.5]
    assert findings["models"][2] == {
        "stage": "nodule_segmentation", "bundle": "nodule_segmentation_bundle", "version": "0.3.0", "sha256": "3" * 64,
    }  # fmt: skip
    volumes = findings["lungs"]["volume_ml"]
    assert volumes["left"] == round(dicom_examination.lungs.left_ml)
    assert volumes["total"] == volumes["left"] + volumes["right"]
    first, second = findings["nodules"]
    np.testing.assert_allclose(first["center_lps_mm"], (-42, 5, -210), atol=0.05)
    assert first["mean_diameter_mm"] == pytest.approx(13, abs=0.15)
    assert second["volume_mm3"] == pytest.approx(np.pi / 6 * 7**3, rel=0.03)
    assert (first["side"], second["side"]) == ("right", "left")
    assert (first["type"], first["is_mass"], first["status"]) == ("solid", False, "baseline")
    assert findings["timings_s"] == {"reading": 1.235, "detection": 20.0}


def test_numbers_carry_no_more_digits_than_they_are_worth(findings):
    for nodule in findings["nodules"]:
        for key in ("long_axis_mm", "short_axis_mm", "mean_diameter_mm"):
            assert nodule[key] == round(nodule[key], 1)
        assert isinstance(nodule["volume_mm3"], int)
        assert nodule["center_lps_mm"] == [round(c, 2) for c in nodule["center_lps_mm"]]
    assert findings["nodules"][0]["probability"] == 0.9877
    assert findings["nodules"][0]["malignancy"] == 4.23
    assert findings["nodules"][0]["malignancy_probability"] == 0.8765


def test_the_place_is_said_in_words_and_codes(findings, dicom_examination):
    place = {key: findings["nodules"][0][key] for key in ("position", "lung_third", "lung_region", "pleura_distance_mm")}
    assert place == {
        "position": "right lung, upper third, posterolateral, 12 mm from the pleura",
        "lung_third": "upper",
        "lung_region": "posterolateral",
        "pleura_distance_mm": 12.3,
    }
    assert findings["nodules"][0]["mean_hu"] == round(dicom_examination.nodules[0].measurements.mean_hu, 1)


def test_a_nodule_that_was_not_located_says_so(dicom_examination):
    nodules = tuple(dataclasses.replace(nodule, location=None) for nodule in dicom_examination.nodules)
    findings = examination_to_findings(dataclasses.replace(dicom_examination, nodules=nodules))
    validate_findings(findings)
    assert findings["nodules"][0]["position"] is None
    assert {f"nodules[].{key}" for key in ("position", "lung_third", "lung_region", "pleura_distance_mm")} <= set(_reasons(findings))


def test_every_null_has_a_reason(findings):
    reasons = _reasons(findings)
    expected = {"brock", "bts", "fleischner", "nodules[].lung_rads", "nodules[].prior", "nodules[].solid_diameter_mm"}
    assert set(reasons) == expected
    assert reasons["fleischner"] == "The age is not known.", "a reason of the examination goes before the general one"


def test_what_is_not_null_needs_no_reason(dicom_examination):
    nodules = tuple(
        dataclasses.replace(
            nodule,
            type=NoduleType.PART_SOLID,
            status=Status.GROWING,
            prior={"mean_diameter_mm": np.float32(5.123456), "days": np.int64(90), "doubling_time_days": float("nan")},
            lung_rads="4B",
            measurements=dataclasses.replace(nodule.measurements, solid_diameter_mm=4.04),
        )
        for nodule in dicom_examination.nodules
    )
    missing = (NotAssessed("airway", "The models cannot see it.", "airways", (2,), ("age",)),)
    next_ct = Recommendation(Guideline.LUNG_RADS, "follow-up-ct", (2,), (3, 3), pet_ct=True)
    assessment = Assessment("4B", "CT at 3 months", {"range": (0.12345678, 0.5)}, missing, {"2": "mass"}, {"2": "discharge"}, (next_ct,))
    comparison = PriorComparison(PriorStudy("prior", ()), None, None)
    compared = dataclasses.replace(dicom_examination, nodules=nodules, assessment=assessment, comparison=comparison)
    findings = examination_to_findings(compared)
    validate_findings(findings)
    assert _reasons(findings) == {"airway": "The models cannot see it."}
    assert findings["nodules"][0]["prior"] == {"mean_diameter_mm": 5.1235, "days": 90, "doubling_time_days": None}
    assert findings["nodules"][0]["solid_diameter_mm"] == 4.0
    assert findings["assessment"]["brock"] == {"range": [0.1235, 0.5]}
    assert (findings["assessment"]["lung_rads_rows"], findings["assessment"]["bts"]) == ({"2": "mass"}, {"2": "discharge"})
    assert findings["assessment"]["not_assessed"] == [
        {"what": "airway", "reason": "The models cannot see it.", "code": "airways", "nodules": [2], "inputs": ["age"]}
    ]
    (recommendation,) = findings["assessment"]["recommendations"]
    assert recommendation == {
        "guideline": "lung-rads-2022", "code": "follow-up-ct", "nodules": [2], "months": [3, 3], "later_months": [], "every_months": None,
        "until_months": None, "pet_ct": True, "risk": None, "provided": [], "category": None, "text": recommendation["text"],
    }  # fmt: skip
    assert "Low-dose CT in 3 months" in recommendation["text"]


def test_an_input_without_uids_says_so(dicom_examination):
    source = dataclasses.replace(dicom_examination.ct.source, kind="nifti", study_instance_uid="", series_instance_uid="", instances=())
    ct = dataclasses.replace(dicom_examination.ct, source=source)
    models = (dataclasses.replace(dicom_examination.models[0], sha256=""),)
    findings = examination_to_findings(dataclasses.replace(dicom_examination, ct=ct, models=models, peak_memory_mb=None))
    validate_findings(findings)
    assert findings["input"]["study_instance_uid"] is None
    assert {"input.study_instance_uid", "input.series_instance_uid", "models[].sha256", "peak_memory_mb"} <= set(_reasons(findings))


def test_the_file_holds_the_findings(findings, dicom_examination, tmp_path):
    write_findings(dicom_examination, tmp_path / "findings.json")
    assert json.loads((tmp_path / "findings.json").read_text(encoding="utf-8")) == findings


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("nodules", 0, "side"), "both", "nodules.0.side"),
        (("nodules", 0, "status"), "unchanged", "nodules.0.status"),
        (("nodules", 0, "probability"), 1.2, "nodules.0.probability"),
        (("nodules", 0, "malignancy"), 0.5, "nodules.0.malignancy"),
        (("nodules", 0, "center_lps_mm"), [1.0, 2.0], "nodules.0.center_lps_mm"),
        (("nodules", 0, "volume_mm3"), 12.5, "nodules.0.volume_mm3"),
        (("nodules", 0, "lung_rads"), "5", "nodules.0.lung_rads"),
        (("nodules", 1, "tracking_uid"), "nodule-2", "nodules.1.tracking_uid"),
        (("models", 0, "sha256"), "abc", "models.0.sha256"),
        (("input", "kind"), "jpeg", "input.kind"),
        (("lungs", "fully_covered"), "yes", "lungs.fully_covered"),
        (("nodules", 0, "comment"), "new key", "nodules.0"),
        (("assessment", "bts"), {"1": 3}, "assessment.bts.1"),
        (("assessment", "recommendations"), [{"text": "CT"}], "assessment.recommendations.0"),
        (("assessment", "not_assessed", 0, "nodules"), [0], "assessment.not_assessed.0.nodules.0"),
    ],
)
def test_findings_that_break_the_schema_are_refused(findings, path, value, where):
    broken = copy.deepcopy(findings)
    target = broken
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    with pytest.raises(InvalidFindings) as raised:
        validate_findings(broken)
    assert str(raised.value).startswith(f"findings.json: {where}: ")


def test_a_missing_key_is_refused(findings):
    with pytest.raises(InvalidFindings, match="'lungs' is a required property"):
        validate_findings({key: value for key, value in findings.items() if key != "lungs"})


SINCE_1_1 = {"acceptance"}
"""Keys that findings of version 1.0 lack."""


def test_every_object_of_the_schema_is_closed():
    schema = findings_schema()
    for part in (schema, schema["$defs"]["nodule"], *(schema["properties"][key] for key in ("generator", "input", "lungs", "assessment"))):
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"]) - SINCE_1_1


def test_findings_of_the_first_version_are_valid_still(findings):
    earlier = copy.deepcopy(findings) | {"schema_version": "1.0"}
    for nodule in earlier["nodules"]:
        del nodule["acceptance"]
    validate_findings(earlier)
    with pytest.raises(InvalidFindings, match="schema_version"):
        validate_findings(findings | {"schema_version": "2.0"})


@pytest.mark.parametrize("acceptance", list(Acceptance))
def test_why_a_nodule_is_reported_is_written(acceptance, dicom_examination):
    nodules = tuple(dataclasses.replace(nodule, acceptance=acceptance) for nodule in dicom_examination.nodules)
    findings = examination_to_findings(dataclasses.replace(dicom_examination, nodules=nodules))
    validate_findings(findings)
    assert {nodule["acceptance"] for nodule in findings["nodules"]} == {acceptance.value}
