from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from nodulescope.operators.examination import Guideline
from nodulescope.operators.guidelines.assess import assess
from nodulescope.operators.guidelines.history import PatientHistory, Risk, Sex, Smoking

EVERYTHING = PatientHistory(65.0, Sex.FEMALE, False, True, Smoking.FORMER, False, False, Risk.HIGH)


@dataclass(frozen=True)
class Prior:
    interval_days: float | None


def test_a_baseline_examination(make_nodule: Any) -> None:
    nodules = [
        make_nodule(9.5, number=1),
        make_nodule(7.0, "part-solid", number=2, solid=2.0),
        make_nodule(6.0, "calcified", number=3, calcification=0.9),
        make_nodule(35.0, number=4),
    ]
    classed, assessment = assess(nodules, EVERYTHING, fully_covered=True)
    assert [nodule.lung_rads for nodule in classed] == ["4A", "3", "1", "4B"]
    assert assessment.lung_rads == "4B"
    assert assessment.lung_rads_rows == {
        "1": "solid-baseline-8-to-15",
        "2": "part-solid-baseline-solid-part-under-6",
        "3": "benign-calcification",
        "4": "mass",
    }
    assert assessment.bts == {"1": "risk-not-decided", "2": "subsolid-ct"}
    assert set(assessment.brock or {}) == {"1", "2"}
    # Woman of 65 with emphysema, 9.5 mm, three nodules counted (the calcified one is not): log-odds -2.7345, in an upper lobe -2.0764.
    assert (assessment.brock or {})["1"]["low"] == pytest.approx(0.0610, abs=1e-4)
    assert (assessment.brock or {})["1"]["high"] == pytest.approx(0.1114, abs=1e-4)
    assert (assessment.brock or {})["1"]["unknown"] == ("upper_lobe",)
    assert [(r.guideline, r.code, r.nodules) for r in assessment.recommendations] == [
        (Guideline.LUNG_RADS, "work-up", (4,)),
        (Guideline.FLEISCHNER, "consider-ct-pet-ct-or-tissue", (1,)),
        (Guideline.FLEISCHNER, "part-solid-series", (2,)),
        (Guideline.BTS, "risk-not-decided", (1,)),
        (Guideline.BTS, "subsolid-ct", (2,)),
    ]
    assert (assessment.fleischner or "").startswith(
        "Fleischner 2017 (incidental nodules): Consider CT in 3 months, PET/CT or tissue sampling"
    )
    missing = {item.what: item for item in assessment.not_assessed}
    assert len(missing) == len(assessment.not_assessed)
    assert missing["masses"].nodules == (4,)
    assert missing["calcification_pattern"].nodules == (3,)
    assert missing["brock_inputs"].inputs == ("upper_lobe",)
    assert "nodules[].prior" in missing
    assert not {"fleischner", "fleischner_conditions", "brock_population", "lung_coverage", "lung_rads"} & set(missing)


def test_an_examination_with_a_prior(make_nodule: Any) -> None:
    nodules = [
        make_nodule(8.5, number=1, status="growing", prior={"mean_diameter_mm": 6.5, "type": "solid", "volume_change_percent": 124.0}),
        make_nodule(7.0, number=2, status="stable", prior={"mean_diameter_mm": 7.0, "type": "solid", "volume_change_percent": 3.0}),
        make_nodule(5.0, number=3, status="new"),
    ]
    classed, assessment = assess(nodules, EVERYTHING, True, Prior(190))
    assert [nodule.lung_rads for nodule in classed] == ["4B", "2", "3"]
    assert assessment.bts == {"1": "fast-growth", "2": "ct-at-one-year", "3": "new-small"}
    what = {item.what for item in assessment.not_assessed}
    assert "nodules[].prior" not in what
    assert {"earlier_category", "fleischner_intervals"} <= what


def test_an_examination_without_nodules() -> None:
    nodules, assessment = assess([], PatientHistory(), fully_covered=True)
    assert nodules == ()
    assert (assessment.lung_rads, assessment.fleischner, assessment.brock, assessment.bts) == ("1", None, {}, {})
    assert [r.code for r in assessment.recommendations] == ["screening-ct"]
    what = {item.what: item.code for item in assessment.not_assessed}
    assert what["fleischner"] == "fleischner-no-nodule"
    assert {"brock_inputs", "brock_population", "fat"}.isdisjoint(what)


def test_lungs_that_were_not_scanned_completely(make_nodule: Any) -> None:
    (nodule,), assessment = assess([make_nodule(7.0)], EVERYTHING, fully_covered=False)
    assert (nodule.lung_rads, assessment.lung_rads) == ("3", "0")
    assert assessment.recommendations[0].code == "complete-the-scan"
    assert "lung_coverage" in {item.what for item in assessment.not_assessed}


def test_what_cannot_be_classed_stays_open(make_nodule: Any) -> None:
    (nodule,), assessment = assess([make_nodule(9.0, "part-solid")], EVERYTHING, fully_covered=True)
    assert (nodule.lung_rads, assessment.lung_rads, assessment.lung_rads_rows) == (None, None, {})
    assert Guideline.LUNG_RADS not in {r.guideline for r in assessment.recommendations}
    assert {"lung_rads", "nodules[].lung_rads"} <= {item.what for item in assessment.not_assessed}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"age": 30.0}, "fleischner-too-young"),
        ({"known_cancer": True}, "fleischner-cancer"),
        ({"immunosuppressed": True}, "fleischner-immunosuppressed"),
    ],
)
def test_patients_that_fleischner_excludes(changes: dict[str, Any], code: str, make_nodule: Any) -> None:
    _, assessment = assess([make_nodule(7.0)], PatientHistory(**changes), fully_covered=True)
    assert assessment.fleischner is None
    assert {item.what: item.code for item in assessment.not_assessed}["fleischner"] == code
