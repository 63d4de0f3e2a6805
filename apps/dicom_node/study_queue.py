"""The queue of studies: folders on a disk, moved from phase to phase by renaming, so that a kill at any moment loses nothing.

Below the queue's folder::

    incoming/                  files that are being written, and what is being removed; worth nothing after a kill
    receiving/STUDY/images/    a study that is still arriving
    waiting/STUDY/images/      complete, not analysed yet
    working/STUDY/             being analysed; its results appear in attempt-N/
    sending/STUDY/results/     analysed; its results are on their way to the destination
    done/STUDY/done.json       sent, with the names of the images that were analysed
    failed/STUDY/error.json    not analysed, with the reason; its images are kept
    priors/                    findings of earlier studies, see :mod:`nodulescope.apps.dicom_node.prior_findings`
    sent/STUDY.jsonl           which result objects the destination has acknowledged

STUDY is :func:`study_key`, an image is called after its SOP Instance UID by the same rule. What is on the disk is the whole truth: nothing
about a study is kept in memory but when its last image came.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nodulescope.apps.dicom_node.durable_files import (
    append_json_line,
    make_folder,
    move,
    read_json,
    read_json_lines,
    sync_tree,
    write_json,
    write_new,
)
from nodulescope.apps.dicom_node.json_log import JsonLog, now
from nodulescope.apps.dicom_node.queued_study import Phase, QueuedStudy, remove_all_but, study_key
from nodulescope.bundles.errors import UsageError

MOST_ATTEMPTS = 3
"""How often an analysis is begun that does not come to its end: it crashes, is killed for its memory, takes too long, or the node dies
during it. The study may be the cause (then no number of attempts helps) or a bystander (then one more attempt does), and a study that
takes the whole machine down must not do so for ever."""

REMEMBERED_DAYS = 90
"""How long a finished study is remembered: which images were analysed and which results were sent."""

INCOMING, SENT = "incoming", "sent"
ATTEMPTS, RECORD, ERROR = "attempts.json", "done.json", "error.json"

LATE = (
    "images came after the study had been analysed and its earlier images had been removed; "
    "send the whole study again, or let the node keep images longer (--keep)"
)
DIED = f"the node ended {MOST_ATTEMPTS} times while it analysed this study; look for a shortage of memory, then move the folder to waiting"


class StudyQueue:
    """A queue on disk. Every method may be called from any thread.

    Args:
        root: the queue's folder; made where needed. Another node may not use it at the same time.
        log: told what becomes of studies.

    Raises:
        UsageError: another node uses the folder, or it cannot be written to.
    """

    def __init__(self, root: Path, log: JsonLog) -> None:
        self._root, self._log = root, log
        self._lock = threading.Lock()
        self._arrivals: dict[str, float] = {}
        try:
            for name in (INCOMING, SENT, *Phase):
                make_folder(root / name)
            self._guard = (root / "lock").open("w")
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system lets go of it when the process dies
        except BlockingIOError as error:
            raise UsageError(f"{root}: another node uses this queue; give each node a folder of its own") from error
        except OSError as error:
            raise UsageError(f"{root}: cannot hold the queue ({error.strerror}); choose a folder that may be written to") from error
        self._recover()

    def close(self) -> None:
        """Let another node use the folder."""
        self._guard.close()

    @property
    def root(self) -> Path:
        """The queue's folder."""
        return self._root

    def store(self, study_instance_uid: str, sop_instance_uid: str, content: bytes) -> str:
        """Keep an image. On return it is on the disk; an image with the same UID that is still being received is replaced.

        Args:
            study_instance_uid: of the study that it belongs to.
            sop_instance_uid: of the image.
            content: a whole DICOM file.

        Returns:
            The study's key.

        Raises:
            OSError: it could not be written; nothing of it stays.
        """
        key = study_key(study_instance_uid)
        part = self._root / INCOMING / uuid.uuid4().hex
        self._arrivals[key] = time.monotonic()
        try:
            write_new(part, content)
            with self._lock:
                images = QueuedStudy(key, self._folder(Phase.RECEIVING, key)).images
                make_folder(images)
                move(part, images / f"{study_key(sop_instance_uid)}.dcm")
                self._arrivals[key] = time.monotonic()
        except OSError:
            part.unlink(missing_ok=True)
            raise
        return key

    def release_complete(self, quiet_period_s: float) -> None:
        """Let studies wait for their analysis to which no image came for so long.

        A study of which an earlier part is being analysed or sent stays where it is until that is over.
        """
        with self._lock:
            for study in self._studies(Phase.RECEIVING):
                arrived = self._arrivals.setdefault(study.key, time.monotonic())  # after a restart the period begins anew
                busy = any(self._folder(phase, study.key).exists() for phase in (Phase.WORKING, Phase.SENDING))
                if busy or time.monotonic() - arrived < quiet_period_s:
                    continue
                del self._arrivals[study.key]
                if not study.image_names():
                    self._discard(study.folder)  # its first image did not fit on the disk
                    continue
                self._transfer(study, Phase.WAITING)
                images = len(QueuedStudy(study.key, self._folder(Phase.WAITING, study.key)).image_names())
                self._log.info("study.complete", study=study.key, images=images)

    def claim(self, must_wait: Callable[[QueuedStudy, Sequence[QueuedStudy]], bool] | None = None) -> QueuedStudy | None:
        """Take the study that has waited longest into work; None when none is ready.

        Args:
            must_wait: says of a study, and of all that are arriving or waiting, whether it lets one of these go first. It must not make
                studies wait for one another in a circle.
        """
        with self._lock:
            complete = self._studies(Phase.WAITING)
            pending = [*self._studies(Phase.RECEIVING), *complete]
            elsewhere = (Phase.RECEIVING, Phase.WORKING, Phase.SENDING)
            waiting = [s for s in complete if not any(self._folder(phase, s.key).exists() for phase in elsewhere)]
            for study in sorted(waiting, key=QueuedStudy.last_change):
                if must_wait is not None and must_wait(study, pending):
                    continue
                make_folder(study.images)
                (study.folder / ERROR).unlink(missing_ok=True)  # a person may have moved the folder here from failed
                self._take_earlier_images(study)
                if not self._is_whole(study):
                    continue
                attempt = self._attempts(study) + 1
                write_json(study.folder / ATTEMPTS, {"begun": attempt})
                move(study.folder, self._folder(Phase.WORKING, study.key))
                return QueuedStudy(study.key, self._folder(Phase.WORKING, study.key), attempt)
        return None

    def give_back(self, study: QueuedStudy) -> None:
        """Let a study wait again whose analysis was stopped on purpose: the attempt does not count."""
        with self._lock:
            write_json(study.folder / ATTEMPTS, {"begun": study.attempt - 1})
            self._put_back(study)

    def try_again(self, study: QueuedStudy, error: dict[str, Any]) -> None:
        """Let a study wait again, behind the others, whose analysis did not come to its end; the last attempt fails it."""
        with self._lock:
            if study.attempt >= MOST_ATTEMPTS:
                self._fail(study, error)
                return
            self._log.error("study.attempt_failed", study=study.key, **error)
            os.utime(study.images)
            self._put_back(study)

    def fail(self, study: QueuedStudy, error: dict[str, Any]) -> None:
        """Lay a study aside that cannot be analysed."""
        with self._lock:
            self._fail(study, error)

    def has_results(self, study: QueuedStudy) -> bool:
        """Whether the present attempt wrote any DICOM object."""
        return any(any(folder.glob("*.dcm")) for folder in (study.attempted_results, study.results))

    def analysed(self, study: QueuedStudy) -> None:
        """Let the results of the present attempt be sent."""
        with self._lock:
            if study.attempted_results.exists():
                sync_tree(study.attempted_results)
                move(study.attempted_results, study.results)
            move(study.folder, self._folder(Phase.SENDING, study.key))

    def to_send(self) -> list[QueuedStudy]:
        """Studies with results that may still have to be sent, the oldest first."""
        return sorted(self._studies(Phase.SENDING), key=QueuedStudy.last_change)

    def sent(self, study: QueuedStudy, destination: str) -> set[str]:
        """SOP Instance UIDs of the study's results that a destination has acknowledged."""
        return {e["sop_instance_uid"] for e in read_json_lines(self._sent_record(study)) if e["destination"] == destination}

    def record_sent(self, study: QueuedStudy, destination: str, sop_instance_uid: str) -> None:
        """Note that a destination has acknowledged a result; on return the note is on the disk."""
        append_json_line(self._sent_record(study), {"sop_instance_uid": sop_instance_uid, "destination": destination, "time": now()})

    def finish(self, study: QueuedStudy) -> None:
        """Close a study whose results have all been sent."""
        with self._lock:
            write_json(study.folder / RECORD, {"images": sorted(study.image_names()), "time": now()})
            finished = self._folder(Phase.DONE, study.key)
            if finished.exists():
                self._discard(finished)  # of an earlier analysis of the same study
            move(study.folder, finished)

    def tidy(self, keep_s: float) -> None:
        """Remove images and results of studies that were finished so long ago; after :data:`REMEMBERED_DAYS` all that is known of them."""
        with self._lock:
            for study in self._studies(Phase.DONE):
                age_s = time.time() - (study.folder / RECORD).stat().st_mtime
                if age_s < keep_s or any(self._folder(phase, study.key).exists() for phase in Phase if phase is not Phase.DONE):
                    continue
                for folder in (study.images, study.results):
                    if folder.exists():
                        self._discard(folder)
                if age_s >= REMEMBERED_DAYS * 86400:
                    self._discard(study.folder)
                    self._sent_record(study).unlink(missing_ok=True)

    def counts(self) -> dict[str, int]:
        """How many studies are in each phase."""
        return {phase.value: sum(1 for _ in (self._root / phase).iterdir()) for phase in Phase}

    def last_finished(self) -> float | None:
        """When the last study was finished, in seconds since 1970; None when none is remembered."""
        with self._lock:
            return max(((study.folder / RECORD).stat().st_mtime for study in self._studies(Phase.DONE)), default=None)

    def _folder(self, phase: Phase, key: str) -> Path:
        return self._root / phase / key

    def _sent_record(self, study: QueuedStudy) -> Path:
        return self._root / SENT / f"{study.key}.jsonl"

    def _studies(self, phase: Phase) -> list[QueuedStudy]:
        return [QueuedStudy(entry.name, Path(entry.path)) for entry in os.scandir(self._root / phase) if entry.is_dir()]

    def _recover(self) -> None:
        """Make the disk what it would be had the node stopped on purpose."""
        remove_all_but(self._root / INCOMING, ())
        for study in self._studies(Phase.RECEIVING):
            if not study.image_names():
                self._discard(study.folder)  # killed before its first image was safe, and nobody was told that it was
        for study in self._studies(Phase.WORKING):
            if study.results.exists():  # they got this name only when they were whole and on the disk
                move(study.folder, self._folder(Phase.SENDING, study.key))
            elif (study.folder / ERROR).exists():
                self._transfer(study, Phase.FAILED)
            elif self._attempts(study) >= MOST_ATTEMPTS:
                self._fail(study, {"error": DIED, "attempts": self._attempts(study)})
            else:
                self._log.error("study.interrupted", study=study.key, attempts=self._attempts(study))
                self._put_back(study)

    def _attempts(self, study: QueuedStudy) -> int:
        return int((read_json(study.folder / ATTEMPTS) or {"begun": 0})["begun"])

    def _put_back(self, study: QueuedStudy) -> None:
        remove_all_but(study.folder, (study.images.name, ATTEMPTS))
        self._transfer(study, Phase.WAITING)

    def _fail(self, study: QueuedStudy, error: dict[str, Any]) -> None:
        self._log.error("study.failed", study=study.key, **error)
        write_json(study.folder / ERROR, {"study": study.key, "time": now(), **error})
        remove_all_but(study.folder, (study.images.name, ERROR))
        self._transfer(study, Phase.FAILED)

    def _transfer(self, study: QueuedStudy, phase: Phase) -> None:
        """Move a study to another phase, and into the study that is already there."""
        target = QueuedStudy(study.key, self._folder(phase, study.key))
        if not target.folder.exists():
            move(study.folder, target.folder)
            return
        target.take_images(study, replace=True)
        for file in [entry for entry in study.folder.iterdir() if entry.is_file()]:
            move(file, target.folder / file.name)
        self._discard(study.folder)

    def _discard(self, folder: Path) -> None:
        """Remove a folder in one step: first its name, then what is in it."""
        away = self._root / INCOMING / uuid.uuid4().hex
        move(folder, away)
        shutil.rmtree(away)

    def _take_earlier_images(self, study: QueuedStudy) -> None:
        """Join late images with those of the same study that was analysed, or failed, before."""
        for phase in (Phase.FAILED, Phase.DONE):
            earlier = QueuedStudy(study.key, self._folder(phase, study.key))
            if earlier.images.exists():
                study.take_images(earlier, replace=False)
        failed = self._folder(Phase.FAILED, study.key)
        if failed.exists():
            self._discard(failed)

    def _is_whole(self, study: QueuedStudy) -> bool:
        """Whether a study has all the images that an earlier analysis of it had; if not, it is settled here.

        An analysis of a part would give results that look newer than those of the whole.
        """
        record = read_json(self._folder(Phase.DONE, study.key) / RECORD)
        earlier, present = set(record["images"] if record else ()), study.image_names()
        if earlier <= present:
            return True
        if present < earlier:
            self._log.info("study.repeated", study=study.key, images=len(present))
            self._discard(study.folder)
        else:
            self._fail(study, {"error": LATE, "images": len(present), "images_removed": len(earlier - present)})
        return False
