"""Two studies of one patient and one of another, in a real queue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ct_image import ct_image

from nodulescope.apps.dicom_node.earlier_studies import EarlierStudies
from nodulescope.apps.dicom_node.queued_study import study_key
from nodulescope.apps.dicom_node.study_queue import StudyQueue

OLD, NEW, OTHER = "1.1", "1.2", "2.1"


@pytest.fixture
def earlier(tmp_path: Path, log: Any) -> EarlierStudies:
    return EarlierStudies(tmp_path / "queue" / "priors", log)


def receive(queue: StudyQueue, *studies: str) -> None:
    """Take studies, the first first."""
    of = {
        OLD: ct_image(PatientID="P1", StudyDate="20250301"),
        NEW: ct_image(PatientID="P1", StudyDate="20260301"),
        OTHER: ct_image(PatientID="P2", StudyDate="20260301"),
    }
    for study in studies:
        queue.store(study, "a", of[study])


def claimed(queue: StudyQueue, earlier: EarlierStudies) -> str | None:
    study = queue.claim(earlier.must_wait)
    return None if study is None else study.key


def analyse(queue: StudyQueue, earlier: EarlierStudies, findings: str) -> Path | None:
    """The next study is analysed; returns the prior that it was compared with."""
    study = queue.claim(earlier.must_wait)
    assert study is not None
    prior = earlier.prior_of(study)
    study.attempted_results.mkdir()
    (study.attempted_results / "findings.json").write_text(findings)
    (study.attempted_results / "x.dcm").write_bytes(b"")
    earlier.keep(study)
    queue.analysed(study)
    return prior


def test_the_earlier_of_two_studies_that_wait_goes_first_and_is_the_prior_of_the_other(
    queue: StudyQueue, earlier: EarlierStudies, findings_of_day: Callable[[str | None], str]
) -> None:
    receive(queue, NEW, OLD, OTHER)
    queue.release_complete(0.0)
    assert analyse(queue, earlier, findings_of_day("2025-03-01")) is None
    assert [study.key for study in queue.to_send()] == [study_key(OLD)]
    prior = analyse(queue, earlier, findings_of_day("2026-03-01"))
    assert prior is not None
    assert prior.stem == study_key(OLD)
    assert {study.key for study in queue.to_send()} == {study_key(OLD), study_key(NEW)}
    assert analyse(queue, earlier, findings_of_day("2026-03-01")) is None, "of another patient"


def test_an_earlier_study_that_still_arrives_is_waited_for_and_others_are_not_held_up(queue: StudyQueue, earlier: EarlierStudies) -> None:
    receive(queue, NEW, OTHER)
    queue.release_complete(0.0)
    receive(queue, OLD)
    assert claimed(queue, earlier) == study_key(OTHER)
    assert claimed(queue, earlier) is None
    queue.release_complete(0.0)
    assert claimed(queue, earlier) == study_key(OLD)
    assert claimed(queue, earlier) == study_key(NEW)


def test_an_earlier_study_that_failed_holds_nobody_up(queue: StudyQueue, earlier: EarlierStudies) -> None:
    receive(queue, NEW, OLD)
    queue.release_complete(0.0)
    old = queue.claim(earlier.must_wait)
    assert old is not None
    queue.fail(old, {"error": "too few slices"})
    assert claimed(queue, earlier) == study_key(NEW)


def test_without_priors_the_first_that_came_goes_first(queue: StudyQueue) -> None:
    receive(queue, NEW, OLD)
    queue.release_complete(0.0)
    study = queue.claim()
    assert study is not None
    assert study.key == study_key(NEW)


def test_an_earlier_study_that_comes_late_gets_no_later_prior(
    queue: StudyQueue, earlier: EarlierStudies, findings_of_day: Callable[[str | None], str]
) -> None:
    receive(queue, NEW)
    queue.release_complete(0.0)
    analyse(queue, earlier, findings_of_day("2026-03-01"))
    receive(queue, OLD)
    queue.release_complete(0.0)
    assert analyse(queue, earlier, findings_of_day("2025-03-01")) is None


def test_priors_outlive_a_kill_and_the_study_they_came_from(
    open_queue: Callable[[], StudyQueue], earlier: EarlierStudies, findings_of_day: Callable[[str | None], str], tmp_path: Path, log: Any
) -> None:
    queue = open_queue()
    receive(queue, OLD)
    queue.release_complete(0.0)
    analyse(queue, earlier, findings_of_day("2025-03-01"))
    (old,) = queue.to_send()
    queue.finish(old)
    queue.tidy(0.0)
    queue, earlier = open_queue(), EarlierStudies(tmp_path / "queue" / "priors", log)
    receive(queue, NEW)
    queue.release_complete(0.0)
    prior = analyse(queue, earlier, findings_of_day("2026-03-01"))
    assert prior is not None
    assert prior.stem == study_key(OLD)
    assert prior.read_text() == findings_of_day("2025-03-01")
