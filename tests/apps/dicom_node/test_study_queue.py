from __future__ import annotations

import itertools
import json
import math
import os
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from nodulescope.apps.dicom_node.json_log import JsonLog
from nodulescope.apps.dicom_node.queued_study import QueuedStudy, study_key
from nodulescope.apps.dicom_node.study_queue import MOST_ATTEMPTS, REMEMBERED_DAYS, StudyQueue
from nodulescope.bundles.errors import UsageError

STUDY = "1.2.3"
KEY = study_key(STUDY)
PACS = "PACS@host:104"
OpenQueue = Callable[[], StudyQueue]


class Killed(BaseException):
    """What a SIGKILL is to the code that it hits: no handler sees it."""


class Hospital:
    """A sender that repeats what was not acknowledged, an analysis, and an archive that counts what arrives."""

    def __init__(self, keep_s: float) -> None:
        self.keep_s = keep_s
        self.unsent: list[str] = []
        self.acknowledged: set[str] = set()
        self.analysed: list[set[str]] = []
        self.archive: Counter[str] = Counter()

    def push(self, queue: StudyQueue) -> None:
        while self.unsent:
            queue.store(STUDY, self.unsent[0], self.unsent[0].encode())
            self.acknowledged.add(study_key(self.unsent.pop(0)) + ".dcm")

    def work(self, queue: StudyQueue) -> None:
        queue.release_complete(0.0)
        while (study := queue.claim()) is not None:
            images = study.image_names()
            study.attempted_results.mkdir()
            self.analysed.append(images)
            (study.attempted_results / "report.dcm").write_text(result_of(images))
            queue.analysed(study)
        for study in queue.to_send():
            for path in study.result_objects:
                uid = path.read_text()
                if uid not in queue.sent(study, PACS):
                    self.archive[uid] += 1
                    queue.record_sent(study, PACS, uid)
            queue.finish(study)
        queue.tidy(self.keep_s)

    def day(self, queue: StudyQueue) -> None:
        """Three images, then another one that comes late; with the earlier ones where the node no longer has them."""
        self.unsent += ["a", "b", "c"]
        self.push(queue)
        self.work(queue)
        self.unsent += ["d"] if self.keep_s else ["a", "b", "c", "d"]
        self.push(queue)
        self.work(queue)


def result_of(images: set[str]) -> str:
    """The UID of an analysis' result follows from its input."""
    return sha256(" ".join(sorted(images)).encode()).hexdigest()


def names(*images: str) -> set[str]:
    return {study_key(image) + ".dcm" for image in images}


def test_a_study_passes_through_the_phases(queue: StudyQueue) -> None:
    assert queue.store(STUDY, "a", b"first") == KEY
    queue.store(STUDY, "a", b"second")
    queue.store("1.2.4", "b", b"other")
    assert queue.counts() == {"receiving": 2, "waiting": 0, "working": 0, "sending": 0, "done": 0, "failed": 0}
    assert queue.claim() is None
    queue.release_complete(60.0)
    assert queue.counts()["waiting"] == 0
    queue.release_complete(0.0)
    study = queue.claim()
    assert study is not None and study.key == KEY and study.attempt == 1
    (image,) = study.images.iterdir()
    assert (image.name, image.read_bytes()) == (f"{study_key('a')}.dcm", b"second")
    study.attempted_results.mkdir()
    (study.attempted_results / "x.dcm").write_text("result")
    (study.attempted_results / "report.html").write_text("page")
    queue.analysed(study)
    (sending,) = queue.to_send()
    assert [path.name for path in sending.result_objects] == ["x.dcm"]
    queue.finish(sending)
    assert queue.counts() == {"receiving": 0, "waiting": 1, "working": 0, "sending": 0, "done": 1, "failed": 0}
    queue.tidy(3600.0)
    assert sorted(f.name for f in (queue.root / "done" / KEY).iterdir()) == ["attempts.json", "done.json", "images", "results"]
    queue.tidy(0.0)
    assert sorted(f.name for f in (queue.root / "done" / KEY).iterdir()) == ["attempts.json", "done.json"]


class Fate:
    """Kills at one of the operations on the disk: it is not done, and nothing after it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.left: float = math.inf
        patch.setattr(os, "fsync", self.watched(lambda _: None))  # that the disk obeys cannot be tested here
        for name in ("replace", "rename", "unlink", "mkdir", "rmdir"):
            patch.setattr(os, name, self.watched(getattr(os, name)))
        patch.setattr(StudyQueue, "record_sent", self.watched(StudyQueue.record_sent))

    def watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if self.left <= 0:
                raise Killed
            self.left -= 1
            return function(*arguments, **options)

        return call

    def kills(self, hospital: Hospital, root: Path, log: JsonLog, after: int) -> bool:
        """Live through a day; True when it was cut off."""
        self.left, queue = after, None
        try:
            queue = StudyQueue(root, log)
            hospital.day(queue)
        except Killed:
            return True
        finally:
            self.left = math.inf
            if queue is not None:
                queue.close()
        return False


@pytest.mark.parametrize("keep_s", [3600.0, 0.0], ids=["images kept", "images removed"])
def test_a_kill_at_any_moment_loses_nothing_and_sends_nothing_twice(
    keep_s: float, tmp_path: Path, log: JsonLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    fate, sent_again, moments = Fate(monkeypatch), 0, itertools.count()
    three, four = names("a", "b", "c"), names("a", "b", "c", "d")
    for moment in moments:
        hospital, root = Hospital(keep_s), tmp_path / str(moment)
        if not fate.kills(hospital, root, log, moment):
            break
        queue = StudyQueue(root, log)
        hospital.push(queue)
        hospital.work(queue)
        hospital.work(queue)
        if hospital.acknowledged != four:
            hospital.unsent = ["d"] if keep_s and hospital.acknowledged else ["a", "b", "c", "d"]
            hospital.push(queue)
            hospital.work(queue)
        assert queue.counts() == {"receiving": 0, "waiting": 0, "working": 0, "sending": 0, "done": 1, "failed": 0}, moment
        assert hospital.analysed[-1] == four, moment
        assert {result_of(four)} <= set(hospital.archive) <= {result_of(three), result_of(four)}, moment
        assert list((root / "incoming").iterdir()) == [], moment
        sent_again += hospital.archive.total() - len(hospital.archive)
        queue.close()
    assert moment > 60
    assert sent_again == 2  # one moment for each of the two results: after the archive's answer and before the note of it


def test_images_that_come_during_the_analysis_lead_to_another_one_of_all(queue: StudyQueue) -> None:
    hospital = Hospital(3600.0)
    hospital.unsent = ["a", "b"]
    hospital.push(queue)
    queue.release_complete(0.0)
    study = queue.claim()
    assert study is not None
    hospital.unsent = ["c"]
    hospital.push(queue)
    queue.release_complete(0.0)
    assert queue.counts()["receiving"] == 1  # until the first analysis is over
    study.attempted_results.mkdir()
    (study.attempted_results / "r.dcm").write_text(result_of(study.image_names()))
    queue.analysed(study)
    hospital.work(queue)
    hospital.work(queue)
    assert hospital.analysed == [names("a", "b", "c")]
    assert hospital.archive == {result_of(names("a", "b")): 1, result_of(names("a", "b", "c")): 1}


def test_late_images_of_a_study_that_is_no_longer_kept_wait_for_the_rest(queue: StudyQueue, log: Any) -> None:
    hospital = Hospital(0.0)
    for part, result in ((["a", "b"], "done"), (["c"], "failed"), (["b"], "failed")):
        hospital.unsent = list(part)
        hospital.push(queue)
        hospital.work(queue)
        assert queue.counts()[result] == 1
    assert hospital.analysed == [names("a", "b")]
    told = json.loads((queue.root / "failed" / KEY / "error.json").read_text())
    assert told["error"].startswith("images came after the study had been analysed")
    assert (told["images"], told["images_removed"]) == (2, 1)
    hospital.unsent = ["a"]
    hospital.push(queue)
    hospital.work(queue)
    assert hospital.analysed == [names("a", "b"), names("a", "b", "c")]
    assert queue.counts()["failed"] == 0


def test_a_part_that_comes_again_says_nothing_new_and_the_whole_is_analysed_anew_but_not_sent_twice(queue: StudyQueue, log: Any) -> None:
    hospital = Hospital(0.0)
    for part in (["a", "b"], ["b"], ["a", "b"]):
        hospital.unsent = list(part)
        hospital.push(queue)
        hospital.work(queue)
        assert queue.counts() == {"receiving": 0, "waiting": 0, "working": 0, "sending": 0, "done": 1, "failed": 0}
    assert hospital.analysed == [names("a", "b")] * 2
    assert hospital.archive == {result_of(names("a", "b")): 1}
    assert log.names().count("study.repeated") == 1


def test_another_destination_gets_what_it_has_not_got(queue: StudyQueue) -> None:
    study = QueuedStudy(KEY, queue.root / "sending" / KEY)
    queue.record_sent(study, PACS, "1.2.3.4")
    assert queue.sent(study, PACS) == {"1.2.3.4"}
    assert queue.sent(study, "OTHER@host:104") == set()


def claimed(queue: StudyQueue) -> QueuedStudy:
    study = queue.claim()
    assert study is not None
    return study


def test_an_analysis_that_crashes_is_tried_again_behind_the_others_and_then_failed(queue: StudyQueue) -> None:
    for uid in (STUDY, "1.2.4"):
        queue.store(uid, "a", b"image")
        queue.release_complete(0.0)
    seen = []
    for _ in range(2 * MOST_ATTEMPTS):
        study = claimed(queue)
        seen.append((study.key, study.attempt))
        study.attempted_results.mkdir()
        queue.try_again(study, {"error": "it was ended by signal SIGKILL", "attempts": study.attempt})
    other = study_key("1.2.4")
    assert seen == [(key, attempt) for attempt in (1, 2, 3) for key in (KEY, other)]
    assert queue.claim() is None
    assert sorted(f.name for f in (queue.root / "failed" / KEY).iterdir()) == ["error.json", "images"]
    told = json.loads((queue.root / "failed" / KEY / "error.json").read_text())
    assert (told["study"], told["error"], told["attempts"]) == (KEY, "it was ended by signal SIGKILL", 3)


def test_a_study_during_which_the_node_died_again_and_again_is_laid_aside(open_queue: OpenQueue) -> None:
    open_queue().store(STUDY, "a", b"image")
    for attempt in range(1, MOST_ATTEMPTS + 1):
        queue = open_queue()
        queue.release_complete(0.0)
        study = claimed(queue)
        assert study.attempt == attempt
        study.attempted_results.mkdir()
    queue = open_queue()
    assert queue.counts() == {"receiving": 0, "waiting": 0, "working": 0, "sending": 0, "done": 0, "failed": 1}
    assert "the node ended 3 times" in (queue.root / "failed" / KEY / "error.json").read_text()


def test_stopping_on_purpose_is_no_attempt(queue: StudyQueue) -> None:
    queue.store(STUDY, "a", b"image")
    queue.release_complete(0.0)
    for _ in range(MOST_ATTEMPTS + 2):
        study = claimed(queue)
        assert study.attempt == 1
        study.attempted_results.mkdir()
        queue.give_back(study)
    assert sorted(f.name for f in (queue.root / "waiting" / KEY).iterdir()) == ["attempts.json", "images"]


def test_a_failed_study_that_a_person_moves_back_is_analysed_from_the_start(queue: StudyQueue) -> None:
    queue.store(STUDY, "a", b"image")
    queue.release_complete(0.0)
    queue.fail(claimed(queue), {"error": "holds no CT image"})
    (queue.root / "failed" / KEY).rename(queue.root / "waiting" / KEY)
    study = claimed(queue)
    assert (study.attempt, study.image_names()) == (1, names("a"))
    assert not (study.folder / "error.json").exists()


def test_a_failed_study_is_analysed_with_the_images_that_were_missing(queue: StudyQueue) -> None:
    for image in ("a", "b"):
        queue.store(STUDY, image, b"image")
        queue.release_complete(0.0)
        study = claimed(queue)
        queue.fail(study, {"error": "too few slices"})
    assert {f.name for f in (queue.root / "failed" / KEY / "images").iterdir()} == names("a", "b")


def test_finished_studies_are_forgotten_after_a_while(queue: StudyQueue) -> None:
    hospital = Hospital(0.0)
    hospital.unsent = ["a"]
    hospital.push(queue)
    hospital.work(queue)
    record = queue.root / "done" / KEY / "done.json"
    assert (queue.root / "sent" / f"{KEY}.jsonl").exists()
    age = record.stat().st_mtime - REMEMBERED_DAYS * 86400 - 1
    os.utime(record, (age, age))
    queue.tidy(0.0)
    assert list((queue.root / "done").iterdir()) == list((queue.root / "sent").iterdir()) == []


def test_one_queue_serves_one_node(queue: StudyQueue, log: JsonLog) -> None:
    with pytest.raises(UsageError, match="another node uses this queue"):
        StudyQueue(queue.root, log)


def test_a_place_that_cannot_hold_a_queue_is_refused(tmp_path: Path, log: JsonLog) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot hold the queue"):
        StudyQueue(tmp_path / "file", log)


@pytest.mark.parametrize("uid", ["../../etc/passwd", "", "1.2/3", "ü"])
def test_no_uid_leads_out_of_the_queue(uid: str, queue: StudyQueue) -> None:
    key = queue.store(uid, uid, b"image")
    (image,) = (queue.root / "receiving" / key / "images").iterdir()
    assert len(key) == 20 and set(key) <= set("0123456789abcdef")
    assert image.name == f"{key}.dcm"
