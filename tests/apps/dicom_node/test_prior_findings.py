from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nodulescope.apps.dicom_node.prior_findings import KEPT_DAYS, PriorFindings
from nodulescope.apps.dicom_node.queued_study import QueuedStudy
from nodulescope.apps.dicom_node.study_identity import StudyIdentity

PATIENT = StudyIdentity("P471147114711", "Hospital", "19600131", date(2025, 3, 1))
Keep = Callable[..., None]


def study(name: str) -> QueuedStudy:
    return QueuedStudy(name, Path("/nowhere") / name)


@pytest.fixture
def priors(tmp_path: Path, log: Any) -> PriorFindings:
    return PriorFindings(tmp_path / "priors", log)


@pytest.fixture
def keep(priors: PriorFindings, tmp_path: Path, findings_of_day: Callable[[str | None], str]) -> Keep:
    """``keep(name, day, **changes of the patient)``: a study that was analysed."""

    def run(name: str, day: str, **changes: Any) -> None:
        results = tmp_path / f"results-{name}"
        results.mkdir(exist_ok=True)
        (results / "findings.json").write_text(findings_of_day(day))
        priors.keep(study(name), replace(PATIENT, study_date=date.fromisoformat(day), **changes), results)

    return run


def name_of_prior(priors: PriorFindings, name: str, day: str, **changes: Any) -> str | None:
    found = priors.prior_of(study(name), replace(PATIENT, study_date=date.fromisoformat(day), **changes))
    return None if found is None else found.stem


def test_the_newest_earlier_study_is_the_prior(priors: PriorFindings, keep: Keep) -> None:
    for name, day in (("b", "2024-05-01"), ("a", "2023-05-01"), ("c", "2026-01-01")):
        keep(name, day)
    assert name_of_prior(priors, "now", "2025-03-01") == "b"
    assert name_of_prior(priors, "now", "2024-05-01") == "a"
    assert name_of_prior(priors, "now", "2023-05-01") is None
    assert name_of_prior(priors, "c", "2026-01-01") == "b", "a study that comes again is not its own prior"


def test_other_patients_are_no_priors(priors: PriorFindings, keep: Keep) -> None:
    keep("a", "2023-05-01")
    assert name_of_prior(priors, "now", "2025-03-01", patient_id="P4712") is None
    assert name_of_prior(priors, "now", "2025-03-01", issuer="") is None
    assert name_of_prior(priors, "now", "2025-03-01", birth_date="19600201") is None
    assert name_of_prior(priors, "now", "2025-03-01", birth_date="") == "a"


def test_a_study_without_day_of_birth_serves_every_one(priors: PriorFindings, keep: Keep) -> None:
    keep("a", "2023-05-01", birth_date="")
    assert name_of_prior(priors, "now", "2025-03-01") == "a"


def test_another_analysis_replaces_the_findings(priors: PriorFindings, keep: Keep, tmp_path: Path) -> None:
    keep("a", "2023-05-01")
    keep("a", "2023-05-02")
    (kept,) = (tmp_path / "priors").glob("*/*/*.json")
    assert json.loads(kept.read_text())["input"]["study_date"] == "2023-05-02"


def test_names_tell_nothing_and_are_the_same_after_a_restart(priors: PriorFindings, keep: Keep, tmp_path: Path, log: Any) -> None:
    keep("a", "2023-05-01")
    (kept,) = (tmp_path / "priors").glob("*/*/*.json")
    assert not [secret for secret in ("471147114711", "19600131", "Hospital") if secret in str(kept.relative_to(tmp_path))]
    assert name_of_prior(PriorFindings(tmp_path / "priors", log), "now", "2025-03-01") == "a"
    other = PriorFindings(tmp_path / "elsewhere", log)
    other.keep(study("a"), PATIENT, tmp_path / "results-a")
    (there,) = (tmp_path / "elsewhere").glob("*/*/*.json")
    assert there.parts[-3:-1] != kept.parts[-3:-1], "every node has a secret of its own"


def test_results_without_findings_leave_nothing(priors: PriorFindings, tmp_path: Path) -> None:
    priors.keep(study("a"), PATIENT, tmp_path)
    assert list((tmp_path / "priors").glob("*/*/*")) == []


@pytest.mark.parametrize("content", ["{", "{}", '{"schema_version": "9.0"}'])
def test_findings_that_no_analysis_takes_are_passed_over(content: str, priors: PriorFindings, keep: Keep, tmp_path: Path, log: Any) -> None:
    keep("a", "2023-05-01")
    keep("b", "2024-05-01")
    next((tmp_path / "priors").glob("*/*/b.json")).write_text(content)
    assert name_of_prior(priors, "now", "2025-03-01") == "a"
    assert [(e["event"], e["study"], e["prior"]) for e in log.events()] == [("prior.unusable", "now", "b")]


def test_undated_findings_are_no_prior(priors: PriorFindings, tmp_path: Path, findings_of_day: Callable[[str | None], str]) -> None:
    (tmp_path / "findings.json").write_text(findings_of_day(None))
    priors.keep(study("a"), PATIENT, tmp_path)
    assert name_of_prior(priors, "now", "2030-01-01") is None


def test_findings_go_after_five_years(priors: PriorFindings, keep: Keep, tmp_path: Path, log: Any) -> None:
    keep("a", "2023-05-01")
    keep("b", "2024-05-01")
    old = time.time() - KEPT_DAYS * 86400 - 60
    os.utime(next((tmp_path / "priors").glob("*/*/a.json")), (old, old))
    priors.tidy()
    assert [file.stem for file in (tmp_path / "priors").glob("*/*/*.json")] == ["b"]
