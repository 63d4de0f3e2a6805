from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.container import heartbeat
from nodulescope.apps.nodule_ct.supervision import Supervisor
from nodulescope.operators.deploy.run_record import RunRecord

PATIENCE_S = 60.0


class Ended:
    """Stands for the end of the process: remembers the status and lets the test go on."""

    def __init__(self) -> None:
        self.status: int | None = None
        self._happened = threading.Event()

    def __call__(self, status: int) -> None:
        self.status = status
        self._happened.set()

    def wait(self) -> int | None:
        assert self._happened.wait(PATIENCE_S)
        return self.status


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat.tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    folder = tmp_path / ".nodulescope-staging"
    folder.mkdir()
    (folder / "half.dcm").touch()
    return folder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_and_leaves_nothing(number: signal.Signals, staging: Path, caplog: pytest.LogCaptureFixture) -> None:
    ended = Ended()
    with Supervisor(end=ended) as supervisor:
        supervisor.guard(RunRecord(), staging)
        os.kill(os.getpid(), number)
        assert ended.wait() == 128 + number
    assert not staging.exists()
    assert caplog.messages == [f"stopped by {number.name}; no result was written"]


def test_a_graph_in_which_no_operator_works_has_stalled(staging: Path, caplog: pytest.LogCaptureFixture) -> None:
    ended, record = Ended(), RunRecord()
    with Supervisor(stalled_after_s=0.5, end=ended) as supervisor:
        with record.step("reading"):
            pass
        supervisor.guard(record, staging)
        assert ended.wait() == 1
    assert not staging.exists()
    assert "the graph has stalled: no operator has been at work for 0.5 s" in caplog.text


def test_an_operator_may_work_longer_than_that(staging: Path) -> None:
    ended, record = Ended(), RunRecord()
    with Supervisor(stalled_after_s=0.1, end=ended) as supervisor, record.step("nodule_detection"):
        supervisor.guard(record, staging)
        beats = [threading.Event().wait(0.1) or heartbeat.last_beat() for _ in range(30)]
    assert ended.status is None
    assert staging.exists()
    assert {beat.step for beat in beats if beat} == {"nodule_detection"}
    assert heartbeat.last_beat() is None  # the run is over


def test_the_time_limit_ends_even_an_operator_at_work(staging: Path, caplog: pytest.LogCaptureFixture) -> None:
    ended, record = Ended(), RunRecord()
    with Supervisor(time_limit_s=0.2, end=ended) as supervisor, record.step("nodule_detection"):
        supervisor.guard(record, staging)
        assert ended.wait() == 1
    assert not staging.exists()
    assert "longer than HOLOSCAN_TIMEOUT allows (0.2 s)" in caplog.text


def test_complete_results_are_published_whatever_comes(staging: Path, caplog: pytest.LogCaptureFixture) -> None:
    ended = Ended()
    with caplog.at_level(logging.ERROR), Supervisor(stalled_after_s=0.0, end=ended) as supervisor:
        supervisor.guard(RunRecord(), staging)
        supervisor.stand_down()
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(2.5)
    assert ended.status is None
    assert (staging / "half.dcm").exists()
    assert caplog.messages == []


def test_the_signals_are_given_back() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with Supervisor():
        assert signal.getsignal(signal.SIGTERM) is not before[signal.SIGTERM]
    assert {number: signal.getsignal(number) for number in before} == before


HELD_BACK = """
import os, signal, sys, time
from nodulescope.apps.nodule_ct.supervision import ENDING_SIGNALS, Supervisor
signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
os.kill(os.getpid(), signal.SIGTERM)
with Supervisor():
    time.sleep(60)
"""


def test_a_signal_that_came_during_the_start_is_heard() -> None:
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", HELD_BACK], capture_output=True, check=False).returncode == 143


STALLED = """
import functools, sys
from holoscan.conditions import AsynchronousCondition, AsynchronousEventState
from nodulescope.apps.nodule_ct import __main__ as program, app

class WaitsForever(app.ReportOperator):
    def __init__(self, fragment, *arguments, **named):
        self.never = AsynchronousCondition(fragment, name="never")
        super().__init__(fragment, self.never, *arguments, **named)

    def start(self):
        self.never.event_state = AsynchronousEventState.EVENT_WAITING

app.ReportOperator = WaitsForever
program.Supervisor = functools.partial(program.Supervisor, stalled_after_s=3.0)
sys.exit(program.main())
"""


@pytest.mark.slow
def test_a_graph_of_holoscan_that_waits_for_nothing_ends_with_1(series: Path, models: Path, plain_networks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("HOLOSCAN_")}
    surroundings |= {"PYTHONPATH": str(plain_networks), "OMP_NUM_THREADS": "1", "HOLOSCAN_TIMEOUT": "1800"}
    command = [sys.executable, "-W", "ignore", "-c", STALLED, "-i", str(series), "-o", str(out), "-m", str(models)]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr[-4000:]
    assert "the graph has stalled: no operator has been at work for 3 s; no result was written" in done.stderr
    assert list(out.iterdir()) == []


MAIN = "import sys; from nodulescope.apps.nodule_ct.__main__ import main; sys.exit(main())"


@pytest.mark.slow
def test_settings_and_time_limit_come_from_the_environment(series: Path, models: Path, plain_networks: Path, tmp_path: Path) -> None:
    out, settings = tmp_path / "out", tmp_path / "app.yaml"
    settings.write_text("colour: blue\n")
    surroundings = os.environ | {"PYTHONPATH": str(plain_networks), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", MAIN, "-i", str(series), "-o", str(out), "-m", str(models)]
    for changes, status, told in (
        ({"HOLOSCAN_CONFIG_PATH": str(settings)}, 2, "app.yaml: not valid settings"),
        ({"HOLOSCAN_TIMEOUT": "soon"}, 2, "HOLOSCAN_TIMEOUT=soon: give a number of seconds"),
        ({"HOLOSCAN_TIMEOUT": "0.01"}, 1, "longer than HOLOSCAN_TIMEOUT allows (0.01 s); no result was written"),
    ):
        done = subprocess.run(command, env=surroundings | changes, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr[-4000:]
        assert told in done.stderr
        assert list(out.iterdir()) == []
