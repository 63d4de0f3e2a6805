from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, Candidate, CTSource, CTVolume, Grade, LungMask, Outline
from nodulescope.operators.examination import Assessment, Examination, ModelProvenance, NotAssessed, Region, Status, Third
from nodulescope.operators.examination.findings_json import examination_to_findings, validate_findings
from nodulescope.operators.guidelines.history import PatientHistory, Sex
from nodulescope.operators.nodules import Thresholds, assess_examination, with_guidelines
from nodulescope.operators.nodules.assessment import LUNGS_CUT_OFF, own_version, peak_memory_mb

MODELS = tuple(
    ModelProvenance(stage, stage, "1.0", f"{n}" * 64)
    for n, stage in enumerate(("lung_segmentation", "nodule_detection", "nodule_segmentation", "nodule_grading"))
)
Point = tuple[float, float, float]
Finding = tuple[Candidate, Outline, Grade]


@pytest.fixture(scope="module")
def chest() -> tuple[CTVolume, LungMask]:
    """Two boxes of lung, 160 x 80 x 80 mm together, around the origin."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -80.0, -40.0, -40.0
    labels = np.zeros((80, 40, 40), np.uint8)
    labels[4:38, 4:36, 2:38], labels[42:76, 4:36, 2:38] = RIGHT_LUNG, LEFT_LUNG
    hu = np.where(labels > 0, -850.0, 40.0).astype(np.float32)
    return CTVolume(hu, affine, CTSource("phantom")), LungMask(labels, affine, True)


def ball(center: Point, diameter_mm: float, probability: float = 0.9, malignancy: float = 0.5, score: float = 0.9) -> Finding:
    """What the networks would say of a ball: a soft-edged outline around its candidate, and a grade."""
    affine = np.eye(4)
    affine[:3, 3] = np.array(center) - 31.5
    radius = np.linalg.norm(np.moveaxis(np.indices((64, 64, 64)), 0, -1) - 31.5, axis=-1)
    outline = Outline((1 / (1 + np.exp(-np.clip((diameter_mm / 2 - radius) / 0.7, -40, 40)))).astype(np.float32), affine)
    return Candidate(center, diameter_mm, score), outline, Grade(probability, 3.0, malignancy, {"texture": 5.0})


def with_dense_ball(chest: tuple[CTVolume, LungMask], center: Point, diameter_mm: float) -> tuple[CTVolume, LungMask]:
    """The chest with soft tissue where a ball is."""
    ct, lungs = chest
    points = np.moveaxis(np.indices(ct.shape), 0, -1) * 2.0 + ct.affine_lps[:3, 3]
    inside = np.linalg.norm(points - np.array(center), axis=-1) <= diameter_mm / 2 + 1
    return replace(ct, hu=np.where(inside, 40.0, ct.hu).astype(np.float32)), lungs


def assess(chest: tuple[CTVolume, LungMask], findings: Sequence[Finding], thresholds: Thresholds | None = None) -> Examination:
    return assess_examination(*chest, findings, MODELS, thresholds or Thresholds(nodule_probability=0.5), {"reading": 1.0})


def test_findings_become_nodules_most_suspicious_first(chest: tuple[CTVolume, LungMask]) -> None:
    exam = assess(
        chest, [ball((40, 0, 0), 8.0, malignancy=0.2), ball((-40, 0, 0), 10.0, malignancy=0.8), ball((40, 10, 25), 6.0, malignancy=0.5)]
    )
    assert [n.id for n in exam.nodules] == [1, 2, 3]
    assert [n.grade.malignancy_probability for n in exam.nodules] == [0.8, 0.5, 0.2]
    assert [str(n.side) for n in exam.nodules] == ["right", "left", "left"]
    assert [n.measurements.mean_diameter_mm for n in exam.nodules] == pytest.approx([10.0, 6.0, 8.0], abs=0.2)
    np.testing.assert_allclose(exam.nodules[0].measurements.center_lps_mm, (-40, 0, 0), atol=0.05)
    assert len({n.tracking_uid for n in exam.nodules}) == 3
    assert set(np.unique(exam.nodule_labels)) == {0, 1, 2, 3}
    assert exam.nodule_labels[20, 20, 20] == 1  # (-40, 0, 0) mm
    validate_findings(examination_to_findings(exam))


def test_of_equally_suspicious_nodules_the_larger_goes_first(chest: tuple[CTVolume, LungMask]) -> None:
    exam = assess(chest, [ball((40, 0, 0), 8.0), ball((-40, 0, 0), 12.0)])
    assert [round(n.measurements.mean_diameter_mm) for n in exam.nodules] == [12, 8]


def test_the_probability_is_that_of_both_networks(chest: tuple[CTVolume, LungMask]) -> None:
    (nodule,) = assess(chest, [ball((40, 0, 0), 8.0, probability=0.9, score=0.6)]).nodules
    assert nodule.grade.probability == pytest.approx(1 / (1 + (1 / 9) ** 0.25 * (2 / 3) ** 0.75))
    assert nodule.candidate.score == 0.6


def test_what_is_probably_no_nodule_is_left_out(chest: tuple[CTVolume, LungMask]) -> None:
    findings = [ball((40, 0, 0), 8.0, probability=0.05), ball((-40, 0, 0), 8.0)]
    assert len(assess(chest, findings, Thresholds(nodule_probability=0.5, detector_weight=0.5)).nodules) == 1
    assert len(assess(chest, findings, Thresholds(nodule_probability=0.2, detector_weight=0.5)).nodules) == 2


def test_weaker_findings_are_kept_for_a_prior_and_shown_nowhere(chest: tuple[CTVolume, LungMask]) -> None:
    findings = [
        ball((40, 0, 0), 8.0, probability=0.99, score=0.99),
        ball((-40, 0, 0), 8.0, probability=0.8, malignancy=0.2),
        ball((-40, 10, 20), 6.0, probability=0.7, malignancy=0.8),
        ball((-40, -10, -20), 8.0, probability=0.05, score=0.9),  # together 0.41: less than what a prior may confirm
        ball((41, 0, 0), 8.0, probability=0.6),  # the nodule once more
        ball((40, 10, 25), 2.0, probability=0.8),
    ]
    evenly = Thresholds(detector_weight=0.5)
    alone = assess(chest, findings[:1], evenly)
    exam = assess(chest, findings, evenly)
    assert [(n.id, round(n.grade.probability, 2)) for n in exam.nodules] == [(1, 0.99)]
    assert [(n.id, round(n.grade.probability, 2)) for n in exam.subthreshold] == [(2, 0.82), (3, 0.86)]
    assert [round(n.measurements.mean_diameter_mm) for n in exam.subthreshold] == [6, 8]
    np.testing.assert_array_equal(exam.nodule_labels, alone.nodule_labels)
    written = examination_to_findings(exam) | {"peak_memory_mb": None}
    assert written == examination_to_findings(alone) | {"peak_memory_mb": None}


def test_an_operating_point_below_what_a_prior_confirms_leaves_nothing_weaker(chest: tuple[CTVolume, LungMask]) -> None:
    findings = [ball((40, 0, 0), 8.0, probability=0.05), ball((-40, 0, 0), 8.0, probability=0.001)]
    exam = assess(chest, findings, Thresholds(nodule_probability=0.2, detector_weight=0.5))
    assert (len(exam.nodules), exam.subthreshold) == (1, ())


def test_two_candidates_on_one_lesion_are_one_nodule(chest: tuple[CTVolume, LungMask]) -> None:
    findings = [ball((40, 0, 0), 12.0, probability=0.7), ball((43, 1, 0), 10.0, probability=0.95), ball((40, 0, 9), 8.0, probability=0.8)]
    exam = assess(chest, findings)
    assert [round(n.measurements.mean_diameter_mm) for n in exam.nodules] == [10, 8]


def test_micronodules_are_not_reported(chest: tuple[CTVolume, LungMask]) -> None:
    findings = [ball((40, 0, 0), 2.5), ball((-40, 0, 0), 3.5)]
    assert [round(n.measurements.mean_diameter_mm, 1) for n in assess(chest, findings).nodules] == [pytest.approx(3.5, abs=0.3)]
    assert len(assess(chest, findings, Thresholds(nodule_probability=0.5, smallest_mm=0.0)).nodules) == 2


def test_a_place_that_the_outline_network_sees_nothing_at_is_left_out(chest: tuple[CTVolume, LungMask]) -> None:
    candidate, outline, grade = ball((40, 0, 0), 8.0)
    nothing = Outline(np.full_like(outline.probability, 0.1), outline.affine_lps)
    assert assess(chest, [(candidate, nothing, grade)]).nodules == ()


def test_a_chest_without_findings_is_an_examination_too(chest: tuple[CTVolume, LungMask]) -> None:
    exam = assess(chest, [])
    assert exam.nodules == ()
    assert exam.nodule_labels.shape == chest[0].shape
    assert not exam.nodule_labels.any()
    assert exam.lungs.right_ml == pytest.approx(34 * 32 * 36 * 8 / 1000)
    assert exam.lungs.left_ml == exam.lungs.right_ml
    assert exam.models == MODELS
    findings = examination_to_findings(exam)
    validate_findings(findings)
    not_assessed = [entry["what"] for entry in findings["assessment"]["not_assessed"]]
    assert sorted(not_assessed) == sorted({*not_assessed})  # each value once
    assert {"nodules[].prior", "fleischner", "airway_nodules"} <= {*not_assessed}
    assert findings["assessment"]["lung_rads"] == "1"
    assert (findings["assessment"]["brock"], findings["assessment"]["bts"]) == ({}, {})


@dataclass(frozen=True)
class Prior:
    interval_days: float | None


def test_lungs_that_the_scan_cuts_off_are_a_warning(chest: tuple[CTVolume, LungMask]) -> None:
    ct, lungs = chest
    assert assess(chest, []).ct.source.warnings == ()
    cut_off = assess((ct, replace(lungs, fully_covered=False)), [])
    assert cut_off.ct.source.warnings == (LUNGS_CUT_OFF,)
    assert "lung_coverage" in {item.what for item in cut_off.assessment.not_assessed}


def test_nodules_are_located_in_their_lungs(chest: tuple[CTVolume, LungMask]) -> None:
    (nodule,) = assess(chest, [ball((40, 18, -26), 6.0)]).nodules
    assert nodule.location is not None
    assert (nodule.location.region, nodule.location.third) == (Region.POSTERIOR, Third.LOWER)
    assert nodule.location.pleura_distance_mm == pytest.approx(8.0, abs=1.0), "the lung ends at z = -37"


def test_guidelines_class_the_nodules_and_are_written(chest: tuple[CTVolume, LungMask]) -> None:
    history = PatientHistory(age=62.0, sex=Sex.MALE, family_history=False, emphysema=False)
    findings = [ball((40, 0, 0), 9.0), ball((-40, 0, 0), 5.0)]
    exam = assess_examination(*with_dense_ball(chest, (40, 0, 0), 9.0), findings, MODELS, Thresholds(nodule_probability=0.5), {}, history)
    assert [(n.measurements.volume_mm3 > 200, n.lung_rads) for n in exam.nodules] == [(True, "4A"), (False, "2")]
    written = examination_to_findings(exam)
    validate_findings(written)
    assessment = written["assessment"]
    assert assessment["lung_rads"] == "4A"
    assert assessment["brock"]["1"]["unknown"] == ["upper_lobe", "spiculation"]
    assert 0 < assessment["brock"]["1"]["low"] < assessment["brock"]["1"]["high"] < 0.3
    first = assessment["recommendations"][0]
    assert (first["guideline"], first["code"], first["months"], first["nodules"]) == ("lung-rads-2022", "follow-up-ct", [3, 3], [1])
    assert first["text"].startswith("Lung-RADS v2022 (screening), category 4A: Low-dose CT in 3 months (nodule 1)")
    assert {"fleischner_conditions", "spiculation"} <= {entry["what"] for entry in assessment["not_assessed"]}


def test_nodules_are_classed_anew_beside_a_prior(chest: tuple[CTVolume, LungMask]) -> None:
    exam = assess(with_dense_ball(chest, (40, 0, 0), 9.0), [ball((40, 0, 0), 9.0)])
    before = {"mean_diameter_mm": 7.0, "type": "solid", "interval_days": 180}
    followed = replace(exam, nodules=(replace(exam.nodules[0], status=Status.GROWING, prior=before),))
    again = with_guidelines(followed, PatientHistory(), Prior(180))
    assert (exam.assessment.lung_rads, again.assessment.lung_rads) == ("4A", "4B")
    assert "nodules[].prior" not in {item.what for item in again.assessment.not_assessed}


def test_why_no_prior_was_compared_is_kept(chest: tuple[CTVolume, LungMask]) -> None:
    exam = assess(with_dense_ball(chest, (40, 0, 0), 9.0), [ball((40, 0, 0), 9.0)])
    declined = NotAssessed("nodules[].prior", "The lungs could not be registered.")
    again = with_guidelines(replace(exam, assessment=Assessment(not_assessed=(declined,))), PatientHistory())
    assert [item for item in again.assessment.not_assessed if item.what == "nodules[].prior"] == [declined]
    assert again.assessment.lung_rads == "4A"


def test_memory_and_version_are_the_processes_own() -> None:
    assert 50 < peak_memory_mb() < 100_000
    assert own_version()[0].isdigit()
