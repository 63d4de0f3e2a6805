from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
import typer

from nodulescope.apps.cli import main as command
from nodulescope.apps.cli.main import THREADS_END_WITHIN_S, app, main, run
from nodulescope.bundles.errors import BundleError, InputError, NodulescopeError, UsageError

COMMANDS = ("demo", "analyze", "grade", "segment-lungs", "phantom", "train", "info")


def failing_run(error: Exception, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command line whose command raises an error."""
    failing = typer.Typer(pretty_exceptions_enable=False)

    @failing.callback(invoke_without_command=True)
    def fail(debug: bool = False) -> None:
        raise error

    monkeypatch.setattr(command, "app", failing)
    return run(arguments)


@pytest.mark.parametrize(
    ("error", "status"),
    [(NodulescopeError("a"), 1), (UsageError("a"), 2), (InputError("a"), 3), (BundleError("a"), 4), (ValueError("a"), 1)],
)
def test_every_kind_of_error_has_its_exit_status(error: Exception, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing_run(error, [], monkeypatch) == status


def test_an_error_for_the_user_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    failing_run(InputError("scan.nii: has two slices;\n give a volume"), [], monkeypatch)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "nodulescope: scan.nii: has two slices; give a volume\n")


def test_an_unforeseen_error_tells_its_kind_and_place_but_not_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing_run(KeyError("Doe^Jane"), [], monkeypatch)
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "KeyError at test_main.py:" in err
    assert "Doe" not in err


def test_an_error_of_the_system_names_the_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing_run(PermissionError(13, "Permission denied", "/out/report.html"), [], monkeypatch) == 1
    assert capsys.readouterr().err == "nodulescope: /out/report.html: Permission denied\n"


def test_debug_shows_the_traceback_and_keeps_the_exit_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing_run(InputError("bad"), ["--debug"], monkeypatch) == 3
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_logging_is_as_before_after_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert logging.root.manager.disable == logging.NOTSET
    assert capsys.readouterr().out.startswith("nodulescope ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["analyse"], "No such command 'analyse'"),
        (["analyze"], "Missing argument"),
        (["grade", "scan.nii", "--at"], "--at"),
        (["phantom", "-o", "x", "--scans", "0"], "--scans"),
        (["--loud"], "--loud"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err
    assert "--help` explains the options" in err


def test_help_shows_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    out = capsys.readouterr().out
    assert [name for name in COMMANDS if f" {name} " not in out] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Examples:" in out
    assert f"nodulescope {name}" in out
    registered = next(c for c in typer.main.get_command(app).commands.values() if c.name == name)
    undescribed = [parameter.name for parameter in registered.params if not (getattr(parameter, "help", "") or "").endswith((".", ")"))]
    assert undescribed == []


def test_help_imports_no_heavy_package() -> None:
    code = "import sys; from nodulescope.apps.cli.main import run; run(['--help']); print(*sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert loaded & {"torch", "monai", "numpy", "scipy", "pydicom", "highdicom", "holoscan", "SimpleITK"} == set()


def test_the_installed_command_ends_with_the_exit_status(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("nodulescope")
    done = subprocess.run([program, "grade", tmp_path / "absent.nii.gz", "--at", "-1,-2,-3"], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == f"nodulescope: {tmp_path / 'absent.nii.gz'}: there is no such file or folder; check the path"
    assert "Traceback" not in done.stderr


def test_a_failed_command_waits_for_threads_of_a_data_set_but_not_for_idle_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """NVFlare's threads wait for as long as the process lives; they held a refused job's command for a minute."""
    idle, working = threading.Event(), threading.Event()
    threading.Thread(target=idle.wait, daemon=True).start()
    pool = ThreadPool(1)
    pool.apply_async(lambda: time.sleep(0.3) or working.set())
    pool.close()
    monkeypatch.setattr("sys.argv", ["nodulescope", "no-such-command"])
    began = time.monotonic()
    with pytest.raises(SystemExit) as ended:
        main()
    idle.set()
    assert ended.value.code == 2
    assert working.is_set() and time.monotonic() - began < THREADS_END_WITHIN_S
