"""A nodule that grew and faded below the operating point: without a prior it is not reported, with one it is followed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from nodulescope.apps.nodule_ct.chain import analyze, examine
from nodulescope.apps.nodule_ct.settings import Settings
from nodulescope.operators.examination import Examination
from nodulescope.operators.examination.findings_json import validate_findings
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.models import open_models
from nodulescope.operators.nodules.examining import examine_ct
from nodulescope.operators.reading import read_ct
from nodulescope.operators.stopwatch import Stopwatch

BELOW = "below the operating point on its own"
NOT_OFFERED = "not offered by the detector"


def findings_of(folder: Path) -> dict[str, Any]:
    findings: dict[str, Any] = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    validate_findings(findings)
    return findings


def assert_followed(findings: dict[str, Any], acceptance: str, settings: Settings) -> None:
    """The faint nodule has grown, the other one is new, nothing is gone."""
    assert [(n["id"], n["side"]) for n in findings["nodules"]] == [(1, "left"), (2, "right")]
    bright, faint = findings["nodules"]
    assert (bright["status"], bright["prior"], bright["acceptance"]) == ("new", None, "operating-point")
    assert (faint["status"], faint["acceptance"]) == ("growing", acceptance)
    assert faint["mean_diameter_mm"] == pytest.approx(13.3, abs=0.4)
    assert faint["prior"]["mean_diameter_mm"] == pytest.approx(10, abs=0.8)
    assert (faint["tracking_uid"], faint["prior"]["interval_days"]) == (faint["prior"]["tracking_uid"], 365)
    assert settings.thresholds.confirmed_probability < faint["probability"] < settings.thresholds.nodule_probability
    assert findings["prior"]["resolved"] == []
    assert findings["assessment"]["lung_rads_rows"]["2"] == "solid-growing-from-8"


def beside_a_prior(study: Path, settings: Settings) -> Examination:
    """The examination as it is before the comparison, with the findings that a prior could confirm."""
    models = open_models(settings.bundles, settings.device)
    return examine_ct(read_ct(study), models, settings.thresholds, PatientHistory(), Stopwatch())


def test_alone_the_faint_nodule_is_not_reported(fading_pair: tuple[Path, Path], settings: Settings) -> None:
    exam = examine(fading_pair[1], settings, Stopwatch())
    assert [str(n.side) for n in exam.nodules] == ["left"]
    assert exam.subthreshold == ()  # without a prior nothing could confirm it
    assert [str(n.side) for n in beside_a_prior(fading_pair[1], settings).subthreshold] == ["right"]
    assert set(np.unique(exam.nodule_labels)) == {0, 1}


def test_the_prior_confirms_it_in_every_result(fading_pair: tuple[Path, Path], settings: Settings, tmp_path: Path) -> None:
    before, now = fading_pair
    exam = analyze(now, tmp_path, replace(settings, prior=before))
    findings = findings_of(tmp_path)
    assert_followed(findings, "prior", settings)
    assert [w for w in findings["prior"]["warnings"] if w.startswith("Nodule 2: ") and BELOW in w]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("Below the operating point on its own; accepted because the prior knows a nodule here.") == 1
    assert sum(f"Nodule 2: {BELOW}" in line for line in page.splitlines()) >= 1
    segments = pydicom.dcmread(tmp_path / "segmentation.dcm").SegmentSequence
    assert {str(n.tracking_uid) for n in exam.nodules} <= {str(segment.get("TrackingUID", "")) for segment in segments}
    report = pydicom.dcmread(tmp_path / "measurements.dcm").to_json()
    assert exam.nodules[1].tracking_uid in report
    assert BELOW in report
    assert (tmp_path / "key-image-2.dcm").is_file()
    assert set(np.unique(exam.nodule_labels)) == {0, 1, 2}


def test_findings_alone_confirm_it_too(fading_pair: tuple[Path, Path], settings: Settings, tmp_path: Path) -> None:
    before, now = fading_pair
    analyze(before, tmp_path / "before", settings)
    analyze(now, tmp_path / "now", replace(settings, prior=tmp_path / "before", language="zh"))
    assert_followed(findings_of(tmp_path / "now"), "prior", settings)
    assert "单凭本次图像低于报告阈值" in (tmp_path / "now" / "report.html").read_text(encoding="utf-8")


def test_a_place_that_the_detectors_list_has_no_room_for_is_looked_at(
    fading_pair: tuple[Path, Path], settings: Settings, tmp_path: Path
) -> None:
    before, now = fading_pair
    one = replace(settings, thresholds=replace(settings.thresholds, most_candidates=1, nodule_probability=0.94))
    assert beside_a_prior(now, one).subthreshold == ()
    analyze(now, tmp_path, replace(one, prior=before))
    findings = findings_of(tmp_path)
    assert_followed(findings, "prior-place", one)
    assert [w for w in findings["prior"]["warnings"] if w.startswith("Nodule 2: ") and NOT_OFFERED in w]


def test_what_is_gone_stays_gone(fading_pair: tuple[Path, Path], earlier_series: Path, settings: Settings, tmp_path: Path) -> None:
    analyze(fading_pair[1], tmp_path, replace(settings, prior=earlier_series))
    findings = findings_of(tmp_path)
    assert [(gone["side"], gone["type"]) for gone in findings["prior"]["resolved"]] == [("left", "solid")]
    assert [(n["side"], n["status"]) for n in findings["nodules"]] == [("left", "new"), ("right", "growing")]
