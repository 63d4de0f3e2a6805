from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.container.entry_point import application_command, main
from nodulescope.bundles.errors import UsageError

TELLS = """
import json, signal, sys
print(json.dumps([sys.argv[1:], sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ()))]))
sys.exit(7)
"""


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest whose application tells its arguments and which signals are held back, and ends with 7."""
    file = tmp_path / "app.json"
    file.write_text(json.dumps({"command": json.dumps([sys.executable, "-c", TELLS])}))
    monkeypatch.setenv("HOLOSCAN_APP_MANIFEST_PATH", str(file))
    return file


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nodulescope.apps.nodule_ct.container.entry_point", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("manifest")
def test_the_application_takes_over_with_its_arguments_and_status() -> None:
    done = start("-i", "study", "-l", "INFO")
    assert (done.returncode, done.stderr) == (7, "")
    assert json.loads(done.stdout) == [["-i", "study", "-l", "INFO"], sorted([signal.SIGTERM, signal.SIGINT])]


def test_the_entry_point_itself_is_light() -> None:
    module = "nodulescope.apps.nodule_ct.container.entry_point"
    code = f"import sys; import {module}; print({{'torch', 'monai', 'numpy', 'holoscan'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("content", ["{}", "no JSON", '{"command": "python3 app"}', '{"command": null}'])
def test_a_manifest_without_a_command_is_named(content: str, manifest: Path) -> None:
    manifest.write_text(content)
    with pytest.raises(UsageError, match="names no command of the application"):
        application_command()


def test_a_program_that_is_missing_is_named(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest.write_text(json.dumps({"command": '["no-such-program"]'}))
    assert main(["-i", "study"]) == 2
    assert "nodulescope: no-such-program: not found on PATH" in capsys.readouterr().err


def test_help_and_environment(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["help"]) == 0
    assert "self-test       analyse the phantom" in capsys.readouterr().out
    monkeypatch.setenv("HOLOSCAN_TIMEOUT", "17")
    assert main(["env"]) == 0
    assert "HOLOSCAN_TIMEOUT=17" in capsys.readouterr().out.splitlines()


def test_scratch_goes_where_files_can_be_made(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert main(["help"]) == 0
    assert os.environ["TMPDIR"] == str(tmp_path)
    assert capsys.readouterr().err == ""
