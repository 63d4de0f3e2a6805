"""The node: receiving, the queue, one analysis at a time, sending, and their common end."""

from __future__ import annotations

import logging
import shutil
import signal
import threading
import time
import warnings
from datetime import UTC, datetime
from importlib.metadata import version
from types import FrameType
from typing import Any

from pynetdicom import _config

from nodulescope.apps.dicom_node.delivery import Delivery
from nodulescope.apps.dicom_node.earlier_studies import EarlierStudies
from nodulescope.apps.dicom_node.health import HealthServer
from nodulescope.apps.dicom_node.intake import LEAST_FREE_BYTES, Intake
from nodulescope.apps.dicom_node.json_log import JsonLog
from nodulescope.apps.dicom_node.queued_study import QueuedStudy
from nodulescope.apps.dicom_node.settings import NodeSettings
from nodulescope.apps.dicom_node.study_queue import StudyQueue
from nodulescope.apps.dicom_node.tied_process import Outcome, TiedProcess
from nodulescope.bundles.errors import InputError, NodulescopeError

LOOK_S = 0.2
"""How often the queue and the running analysis are looked at."""

GRACE_S = 30.0
"""For senders to end their associations when the node is told to stop."""

TROUBLE_PAUSE_S = 5.0
"""After the queue could not be changed (a full or broken disk) and before that is tried again."""

PRIORS = "priors"
"""Folder in the queue's for findings of earlier studies."""


class Node:
    """A DICOM node. What it has taken it keeps on disk, so it can be ended and started again at any moment.

    Args:
        settings: how it runs.
        log: told what happens.

    Raises:
        UsageError: the queue, a port or a TLS file cannot be used.
    """

    def __init__(self, settings: NodeSettings, log: JsonLog) -> None:
        silence_libraries()
        self._settings, self._log = settings, log
        self._stop_asked = False
        self._broken = threading.Event()
        self._running: tuple[QueuedStudy, TiedProcess] | None = None
        self._last_analysed: float | None = None
        self._trouble = ""
        self._begun = time.time()
        self._queue = StudyQueue(settings.queue, log)
        self._last_finished = self._queue.last_finished()
        self._earlier = EarlierStudies(settings.queue / PRIORS, log) if settings.priors else None
        self._intake = Intake(settings, self._queue, log)
        self._delivery = Delivery(settings, self._queue, log)
        health = settings.health_port is not None
        self._health = HealthServer(settings.health_address, settings.health_port or 0, self.state) if health else None

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises:
            NodulescopeError: a part of the node broke down; the queue is as after a kill.
        """
        threading.excepthook = self._on_broken_thread
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._intake.start()
        self._delivery.start()
        if self._health:
            self._health.start()
        self._log.info(
            "node.ready",
            version=version("nodulescope"),
            ae_title=self._settings.ae_title,
            address=self._settings.address,
            port=self._intake.port,
            tls=self._settings.tls is not None,
            send_to=str(self._settings.destination),
            health_port=self._health.port if self._health else None,
            queue=self._queue.counts(),
        )
        while not self._stop_asked and not self._broken.is_set():
            self._look()
            time.sleep(TROUBLE_PAUSE_S if self._trouble else LOOK_S)
        self._stop()
        if self._broken.is_set():
            raise NodulescopeError("a part of the node broke down; the log says which, and a restart goes on with the queue")

    def state(self) -> dict[str, Any]:
        """What ``/health`` tells."""
        problems, running = self._problems(), self._running
        return {
            "status": "problem" if problems else "ok",
            "problems": problems,
            "version": version("nodulescope"),
            "ae_title": self._settings.ae_title,
            "send_to": str(self._settings.destination),
            "started": _iso(self._begun),
            "queue": self._queue.counts(),
            "analysing": running[0].key if running else None,
            "last_received": _iso(self._intake.last_stored),
            "last_analysed": _iso(self._last_analysed),
            "last_sent": _iso(self._delivery.last_sent or self._last_finished),
        }

    def _problems(self) -> list[str]:
        problems = []
        if not self._intake.is_running or not self._delivery.is_running:
            problems.append("the node is stopping")
        if self._trouble:
            problems.append(self._trouble)
        if self._delivery.failing:
            problems.append(f"the results of {self._delivery.failing} study/studies cannot be sent")
        if shutil.disk_usage(self._queue.root).free < LEAST_FREE_BYTES:
            problems.append("the disk of the queue is almost full, so no images are taken")
        return problems

    def _look(self) -> None:
        """Do what there is to do; whatever the disk refuses is tried again later."""
        try:
            self._queue.release_complete(self._settings.quiet_period_s)
            self._queue.tidy(self._settings.keep_h * 3600)
            if self._earlier and self._running is None:  # the analysis that runs may be about to read them
                self._earlier.tidy()
            self._work()
            self._trouble = ""
        except OSError as error:
            self._trouble = f"the queue cannot be changed ({error.strerror})"
            self._log.error("queue.trouble", error=self._trouble)

    def _work(self) -> None:
        """Begin the next analysis, or settle the one that has ended."""
        if self._running is None:
            study = self._queue.claim(self._earlier.must_wait if self._earlier else None)
            if study is not None:
                self._running = study, self._begin(study)
            return
        study, process = self._running
        outcome = process.poll()
        if outcome is not None:
            self._settle(study, outcome)
            self._running = None

    def _begin(self, study: QueuedStudy) -> TiedProcess:
        command = (*self._settings.program, str(study.images), "-o", str(study.attempted_results))
        try:
            prior = self._earlier.prior_of(study) if self._earlier else None
            self._log.info("analysis.begun", study=study.key, attempt=study.attempt, **({"prior": prior.stem} if prior else {}))
            compared = ("--prior", str(prior)) if prior else ()
            return TiedProcess((*command, *compared), self._settings.time_limit_s)
        except OSError:
            self._queue.give_back(study)
            raise

    def _settle(self, study: QueuedStudy, outcome: Outcome) -> None:
        """Decide what becomes of a study whose analysis has ended. The queue may refuse (a full disk): then it is asked again later."""
        told = {"exit_status": outcome.exit_status, "seconds": round(outcome.seconds, 1), "attempts": study.attempt}
        if outcome.exit_status == 0 and self._queue.has_results(study):
            if self._earlier:
                self._earlier.keep(study)
            self._queue.analysed(study)
            self._last_analysed = time.time()
            self._log.info("analysis.ended", study=study.key, **told)
        elif outcome.exit_status == 0:
            self._queue.fail(study, {"error": "it wrote no DICOM object", **told})
        elif outcome.exit_status == InputError.exit_code:
            self._queue.fail(study, {"error": outcome.error, **told})  # it would be refused again
        else:
            self._queue.try_again(study, {"error": outcome.error, **told})

    def _stop(self) -> None:
        """End everything so that the queue can be gone on with."""
        self._log.info("node.stopping")
        if self._running is not None:
            study, process = self._running
            process.end()
            self._queue.give_back(study)
        self._intake.stop(GRACE_S)
        self._delivery.stop()
        if self._health:
            self._health.stop()
        self._log.info("node.stopped", queue=self._queue.counts())
        self._queue.close()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_asked = True  # nothing more: locks must not be taken here

    def _on_broken_thread(self, broken: threading.ExceptHookArgs) -> None:
        """A thread ended by an error that nobody foresaw. Its text may quote an image, so only its kind is told."""
        name = broken.thread.name if broken.thread else ""
        self._log.error("thread.failed", thread=name, error=broken.exc_type.__name__)
        if name in ("dicom", "delivery"):
            self._broken.set()


def silence_libraries() -> None:
    """Keep messages of libraries off standard error: they may quote headers, and with them names."""
    _config.LOG_HANDLER_LEVEL = "none"
    for library in ("pynetdicom", "pydicom"):
        logging.getLogger(library).propagate = False
        logging.getLogger(library).setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
