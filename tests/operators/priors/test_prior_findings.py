from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.operators.examination import Examination, NoduleType, Side
from nodulescope.operators.examination.findings_json import write_findings
from nodulescope.operators.priors import compare, find_prior_findings, read_prior_findings

MakeExamination = Callable[..., Examination]
NODULES = {"1.1": ((50.0, 10.0, 100.0), 8.04), "1.2": ((-45.0, -20.0, 60.0), 6.0), "1.3": ((-50.0, 0.0, 20.0), 12.0)}


@pytest.fixture
def findings(make_examination: MakeExamination, tmp_path: Path) -> Path:
    path = tmp_path / "findings.json"
    write_findings(make_examination(False, NODULES, series="1.2.1"), path)
    return path


def test_what_was_written_is_read(findings: Path) -> None:
    prior = read_prior_findings(findings)
    assert (prior.study_instance_uid, prior.series_instance_uid, prior.study_date, prior.lung_extent) == ("1.2", "1.2.1", None, None)
    assert (prior.ct, prior.slice_spacing_mm, prior.fully_covered) == (None, 3.0, True)
    first = prior.nodules[0]
    assert (first.id, first.tracking_uid, first.type, first.side) == (1, "1.1", NoduleType.SOLID, Side.LEFT)
    assert first.center_lps_mm == (50.0, 10.0, 100.0)
    assert (first.mean_diameter_mm, first.volume_mm3, first.solid_diameter_mm, first.lung_rads) == (8.0, 272.0, None, None)


def test_the_day_and_the_extent_of_the_lungs_are_read(make_examination: MakeExamination, tmp_path: Path) -> None:
    exam = make_examination(False, NODULES, "20250301")
    corners = ((-80.5, -46.0, 5.25), (78.0, 46.0, 145.0))
    write_findings(replace(exam, lungs=replace(exam.lungs, extent_lps_mm=corners)), tmp_path / "findings.json")
    prior = read_prior_findings(tmp_path / "findings.json")
    assert (prior.study_date, prior.lung_extent) == (date(2025, 3, 1), corners)


def test_an_examination_against_its_findings_by_the_pattern(findings: Path, make_examination: MakeExamination) -> None:
    found = compare(make_examination(True, NODULES, series="1.2.2"), read_prior_findings(findings))
    assert {number: entry["tracking_uid"] for number, entry in found.entries.items()} == {1: "1.1", 2: "1.2", 3: "1.3"}
    assert found.interval_days is None
    assert all(entry["volume_doubling_time_days"] is None for entry in found.entries.values())
    assert any("Give the prior as a DICOM study" in warning for warning in found.warnings)


def test_where_findings_are(findings: Path, tmp_path: Path) -> None:
    assert find_prior_findings(findings) == findings
    assert find_prior_findings(findings.parent) == findings
    (tmp_path / "study").mkdir()
    assert find_prior_findings(tmp_path / "study") is None
    assert find_prior_findings(tmp_path / "scan.nii.gz") is None


def test_other_files_are_refused(findings: Path) -> None:
    content = json.loads(findings.read_text())
    content["nodules"][0]["side"] = "middle"
    findings.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"findings\.json.*side.*middle"):
        read_prior_findings(findings)
    findings.write_text("{")
    with pytest.raises(InputError, match="no findings"):
        read_prior_findings(findings)
    findings.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="no findings"):
        read_prior_findings(findings)
    with pytest.raises(InputError, match="cannot be read"):
        read_prior_findings(findings.with_name("absent.json"))
