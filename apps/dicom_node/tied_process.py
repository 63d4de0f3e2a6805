"""A process whose life is tied to the node's, and the one line by which it tells why it failed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

ERROR_PREFIX = "nodulescope: "
"""How the one line begins by which a command tells why it ended. Other output may quote images and is not passed on."""


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    Attributes:
        exit_status: negative for the signal that ended it.
        error: one line; empty when it went well.
        seconds: how long it ran.
    """

    exit_status: int
    error: str
    seconds: float


class TiedProcess:
    """A process, and all that it starts.

    Its standard input is a pipe from the node. The pipe closes when the node dies, however it dies, and the process has to end then.

    Args:
        command: program and arguments.
        time_limit_s: after which it is stopped.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: Sequence[str], time_limit_s: float) -> None:
        self._time_limit_s = time_limit_s
        self._begun = time.monotonic()
        self._outcome: Outcome | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - read when the process has ended
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,  # a Ctrl-C at the terminal is for the node, and all that the process starts can be ended with it
        )

    def poll(self) -> Outcome | None:
        """How it ended; None while it runs. A process beyond its time is ended here."""
        if self._outcome is not None:
            return self._outcome
        seconds = time.monotonic() - self._begun
        # The ended process is left in the table until its group is killed: its number cannot be another's before that.
        if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            status = self._kill()
            self._outcome = Outcome(status, self._reason(status), seconds)
        elif seconds >= self._time_limit_s:
            reason = f"it took longer than {self._time_limit_s / 60:g} minutes and was stopped"
            self._outcome = Outcome(self._kill(), reason, seconds)
        return self._outcome

    def wait(self) -> Outcome:
        """Wait until it has ended."""
        while (outcome := self.poll()) is None:
            time.sleep(0.05)
        return outcome

    def end(self) -> None:
        """Kill it, if it still runs."""
        if self._outcome is None:
            self._kill()

    def _kill(self) -> int:
        """Kill what is left of it; returns the exit status."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # all have ended; macOS says the latter of such a group
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return status

    def _reason(self, status: int) -> str:
        if status == 0:
            return ""
        if status < 0:
            return f"it was ended by signal {signal.Signals(-status).name}: is there enough memory?"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").splitlines()
        told = [line.removeprefix(ERROR_PREFIX) for line in lines if line.startswith(ERROR_PREFIX)]
        return told[-1] if told else f"it ended with exit status {status} and gave no reason"
