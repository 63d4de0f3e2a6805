"""What ends a run that does not end by itself: a signal, a stalled graph, the time limit.

The policy:

- SIGTERM or SIGINT: the run ends with 128 + the signal's number (143, 130).
- A graph in which no operator has been at work for :data:`STALLED_AFTER_S` waits for something that will never come, however slow the
  machine may be. The run ends with 1.
- A run may last ``HOLOSCAN_TIMEOUT`` seconds; 0, or no such variable, is no limit. Beyond it the run ends with 1.

In each case the staging folder goes first, so that nothing half-written stays behind. Once the results are complete, nothing interrupts
their publication any more.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import select
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from nodulescope.apps.nodule_ct.container.heartbeat import beat, fall_silent

if TYPE_CHECKING:
    from nodulescope.operators.deploy.run_record import RunRecord

logger = logging.getLogger("nodulescope.apps.nodule_ct")

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT)

STALLED_AFTER_S = 60.0
"""Between two operators pass milliseconds."""

WATCH_EVERY_S = 1.0

LAST_RESORT_S = 30.0
"""So long after the time limit a process in which no Python code runs any more is ended from outside of it."""


class Supervisor:
    """Watches one run from a thread of its own, from entering to leaving it as a context. Enter it in the main thread.

    Args:
        time_limit_s: for the whole run; 0 for none.
        stalled_after_s: seconds without an operator at work.
        end: ends the process with a status, at once.
    """

    def __init__(
        self, time_limit_s: float = 0.0, stalled_after_s: float = STALLED_AFTER_S, end: Callable[[int], object] = os._exit
    ) -> None:
        self._time_limit_s, self._stalled_after_s, self._end = time_limit_s, stalled_after_s, end
        self._begun = time.monotonic()
        self._record: RunRecord | None = None
        self._staging: Path | None = None
        self._may_end = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        """Take over the ending signals, and watch."""
        self._signals, self._wakeup = os.pipe()
        os.set_blocking(self._wakeup, False)
        # The handler's C part writes to the pipe while the main thread is inside the graph and runs no Python.
        signal.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, lambda *_: None) for number in ENDING_SIGNALS}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
        if self._time_limit_s:
            faulthandler.dump_traceback_later(self._time_limit_s + LAST_RESORT_S, exit=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        self.stand_down()
        self._over.set()
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._wakeup)  # the thread reads the end of the pipe
        self._thread.join()
        os.close(self._signals)
        fall_silent()

    def guard(self, record: RunRecord, staging: Path) -> None:
        """Watch this run's progress, and remove this folder should it be ended."""
        self._record, self._staging = record, staging

    def stand_down(self) -> None:
        """From here on nothing ends the run: it is about to publish its results or to tell its own error."""
        self._may_end.acquire(blocking=False)
        faulthandler.cancel_dump_traceback_later()

    def _watch(self) -> None:
        while not self._over.is_set():
            if select.select([self._signals], [], [], WATCH_EVERY_S)[0]:
                received = os.read(self._signals, 1)
                if received:
                    self._finish(128 + received[0], f"stopped by {signal.Signals(received[0]).name}")
            elif (reason := self._reason_to_end()) is not None:
                self._finish(1, reason)
            else:
                beat(self._record.at_work if self._record else "starting")

    def _reason_to_end(self) -> str | None:
        seconds = time.monotonic() - self._begun
        if self._time_limit_s and seconds > self._time_limit_s:
            return f"the analysis took longer than HOLOSCAN_TIMEOUT allows ({self._time_limit_s:g} s)"
        if self._record is not None and self._record.idle_s > self._stalled_after_s:
            return f"the graph has stalled: no operator has been at work for {self._stalled_after_s:g} s"
        return None

    def _finish(self, status: int, reason: str) -> None:
        if not self._may_end.acquire(blocking=False):
            return  # the results are complete
        logger.error("%s; no result was written", reason)
        if self._staging is not None:
            shutil.rmtree(self._staging, ignore_errors=True)
        fall_silent()
        logging.shutdown()
        self._end(status)
