from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodulescope.apps.cli.label import what_to_open
from nodulescope.apps.cli.main import run
from nodulescope.apps.nodule_label.server import ServerSettings
from nodulescope.apps.nodule_label.state_folder import StateFolder


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--studies", "/nowhere"], "--studies /nowhere: there is no such folder"),
        (["--studies", "HERE", "--port", "0"], "--port"),
        (["--studies", "HERE", "--bundle", "liver=x"], "no stage 'liver'"),
        (["--studies", "HERE", "use", "liver", "1"], "liver: no such stage"),
        (["--studies", "HERE", "use", "nodule_grading", "3"], "there is no version 3"),
        (["--studies", "HERE", "roll-back", "nodule_grading"], "nothing to go back to"),
        ([], "--studies"),
    ],
)
def test_wrong_options_are_refused(arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["label", *(str(tmp_path) if word == "HERE" else word for word in arguments)]) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert (out, err.count("\n")) == ("", 1)


def test_versions_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["label", "--studies", str(tmp_path), "versions", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(told[name]["served"], len(told[name]["versions"])) for name in sorted(told)] == [(0, 1)] * 4
    assert run(["label", "--studies", str(tmp_path), "versions"]) == 0
    assert "nodule_detection" in capsys.readouterr().out


def test_a_person_is_told_what_to_open(tmp_path: Path) -> None:
    told = what_to_open(ServerSettings("scans", StateFolder(tmp_path), tmp_path, host="0.0.0.0", port=8001))
    assert "http://127.0.0.1:8001" in told
    assert str(tmp_path / "annotations" / "scans.json") in told
