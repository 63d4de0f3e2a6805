from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nodulescope.apps.dicom_node.tied_process import TiedProcess

SHELL = ("/bin/sh", "-c")


@pytest.mark.parametrize(
    ("script", "status", "error"),
    [
        ("exit 0", 0, ""),
        ("echo noise >&2; echo 'nodulescope: x: too few slices' >&2; exit 3", 3, "x: too few slices"),
        ("echo 'Traceback: Patient^Name' >&2; exit 1", 1, "it ended with exit status 1 and gave no reason"),
        ("kill -9 $$", -9, "it was ended by signal SIGKILL: is there enough memory?"),
    ],
)
def test_how_a_process_ended_is_told_in_a_line_of_its_own(script: str, status: int, error: str) -> None:
    outcome = TiedProcess((*SHELL, script), 60.0).wait()
    assert (outcome.exit_status, outcome.error) == (status, error)


def test_a_process_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    child = tmp_path / "child"
    process = TiedProcess((*SHELL, f"sleep 600 & echo $! > {child}; wait"), 1.0)
    outcome = process.wait()
    assert outcome.exit_status == -9
    assert "took longer than 0.0166667 minutes" in outcome.error
    wait_for_end(int(child.read_text()))


def test_a_process_ends_when_the_node_is_killed(tmp_path: Path) -> None:
    """By the watch that the real analysis has: a node is killed that has just begun one."""
    number = tmp_path / "number"
    analysis = "from nodulescope.apps.dicom_node import analysis_process as p; import os, sys, time; p.end_with_parent(); "
    analysis += f"open({str(number)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    node = f"from nodulescope.apps.dicom_node.tied_process import TiedProcess as T; T([{sys.executable!r}, '-c', {analysis!r}], 600).wait()"
    process = subprocess.Popen([sys.executable, "-c", node])
    try:
        while not (number.exists() and number.read_text()):
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    wait_for_end(int(number.read_text()))


def wait_for_end(number: int) -> None:
    """Return when no process has this number, or only one that is a zombie of a process that does not look after it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(number, 0)
            if Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.05)
    pytest.fail("the process still runs")
