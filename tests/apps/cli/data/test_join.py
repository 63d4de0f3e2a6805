"""``nodulescope data join``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodulescope.apps.cli.main import run


def test_datalists_become_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real, phantoms, out = tmp_path / "real.json", tmp_path / "phantoms.json", tmp_path / "new" / "both.json"
    real.write_text(json.dumps({"training": [{"image": "a", "patient": "a"}], "validation": [{"image": "b", "patient": "b"}]}))
    phantoms.write_text(json.dumps({"validation": [{"image": "p", "patient": "p"}]}))
    assert run(["data", "join", str(real), "--training-only", str(phantoms), "-o", str(out)]) == 0
    assert "2 for training, 1 for validation" in " ".join(capsys.readouterr().out.split())
    assert [item["image"] for item in json.loads(out.read_text())["training"]] == ["../a", "../p"]


def test_a_patient_on_both_sides_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, out = tmp_path / "one.json", tmp_path / "two.json", tmp_path / "both.json"
    one.write_text(json.dumps({"training": [{"image": "a", "patient": "anna"}]}))
    two.write_text(json.dumps({"validation": [{"image": "b", "patient": "anna"}]}))
    assert run(["data", "join", str(one), str(two), "-o", str(out)]) == 3
    assert "anna" in capsys.readouterr().err
    assert not out.exists()
