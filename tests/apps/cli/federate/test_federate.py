"""What is wrong with a federation is told before anything is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from nodulescope.apps.cli.main import run


@pytest.fixture
def sites(tmp_path: Path) -> Any:
    """``sites(north={...}, ...)`` writes a site file whose sites have two cubes each, unless they say otherwise."""
    (tmp_path / "cube.nii").touch()
    item = {"image": "cube.nii", "nodule": 1, "ratings": [[1.0] * 8]}

    def make(**entries: dict[str, Any]) -> Path:
        for name, entry in entries.items():
            cases = entry.pop("cases", 2)
            content = {"training": [item] * cases, "validation": [item]}
            (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
            entry.setdefault("datalist", f"{name}.json")
        file = tmp_path / "sites.yaml"
        file.write_text(yaml.safe_dump({"sites": entries}), encoding="utf-8")
        return file

    return make


def refused(arguments: list[str], out: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit status and message of a command that must not have started anything."""
    status = run(["federate", *arguments, "-o", str(out), "--quiet"])
    captured = capsys.readouterr()
    assert captured.err.startswith("nodulescope: ") and captured.err.count("\n") == 1 and captured.out == ""
    assert not out.exists()
    return status, captured.err


@pytest.mark.parametrize("command", ["simulate", "poc"])
@pytest.mark.parametrize(
    ("entries", "options", "status", "told"),
    [
        ({"north": {}, "south": {"cases": 0}}, [], 3, "south.json: has no cases in its training part"),
        ({"north": {}, "south": {"datalist": "absent.json"}}, [], 3, "absent.json: there is no such datalist"),
        ({"north": {}, "south": {"settings": {"network_def#out_channels": 12}}}, [], 3, "all sites must have the same classes"),
        ({"north": {}}, [], 2, "1 site(s) are named but 2 are needed"),
        ({"north": {}, "south": {}}, ["--min-sites", "3"], 2, "2 site(s) are named but 3 are needed"),
        ({"north": {}, "south": {}}, ["--set", "learning_rate=$1"], 2, "plain values only"),
        ({"north": {}, "south": {}}, ["--set", "network_def#out_channels=3"], 2, "the network is the bundle's"),
        ({"north": {}, "south": {}}, ["--algorithm", "best"], 2, "no such algorithm"),
        ({"north": {}, "south": {}}, ["--config", "absent.yaml"], 2, "has no such file"),
        ({"north": {}, "south": {}}, ["--keep-at-site", "absent"], 2, "matches no value of the network"),
        ({"north": {}, "south": {}}, ["--start", "absent.pt"], 2, "nor a file of weights"),
        ({"north": {}, "south": {}}, ["--privacy", "absent.yaml"], 2, "absent.yaml: there is no such file"),
    ],
)
def test_bad_input_is_told_before_any_round(
    command: str,
    entries: dict[str, Any],
    options: list[str],
    status: int,
    told: str,
    sites: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [command, "nodule_grading", "--sites", str(sites(**{name: dict(entry) for name, entry in entries.items()})), *options]
    found = refused(arguments, tmp_path / "out", capsys)
    assert found[0] == status and told in found[1]


def test_an_unknown_bundle_is_told(sites: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = refused(["simulate", "nodule_painting", "--sites", str(sites(north={}, south={}))], tmp_path / "out", capsys)
    assert found[0] == 2 and "nodule_painting: neither a bundle's folder" in found[1]


def test_a_submission_needs_a_kit_and_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert "name the expected sites" in refused(["submit", "nodule_grading", "--kit", str(tmp_path)], out, capsys)[1]
