from __future__ import annotations

import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from nodulescope.apps.cli.info import describe_bundle
from nodulescope.apps.cli.main import run
from nodulescope.bundles import predictors
from nodulescope.bundles.predictors import STAGES, find_bundle


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle that serves every stage, with weights of four bytes."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model.pt").write_bytes(b"1234")
    state(tmp_path, hashlib.sha256(b"1234").hexdigest())
    monkeypatch.setattr(predictors, "find_bundle", lambda _stage: tmp_path)
    return tmp_path


def state(bundle: Path, sha256: str | None) -> None:
    weights = {} if sha256 is None else {"weights": {"models/model.pt": {"sha256": sha256}}}
    (bundle / "configs" / "metadata.json").write_text(json.dumps({"name": "Own detector", "version": "1.2.3", **weights}), encoding="utf-8")


def test_matching_weights(bundle: Path) -> None:
    assert describe_bundle("nodule_detection") == {
        "stage": "nodule_detection",
        "bundle": "Own detector",
        "version": "1.2.3",
        "path": str(bundle),
        "sha256": hashlib.sha256(b"1234").hexdigest(),
        "weights": "match",
    }


def test_weights_that_were_changed_missing_or_not_vouched_for(bundle: Path) -> None:
    state(bundle, "0" * 64)
    assert describe_bundle("nodule_detection")["weights"] == "mismatch"
    state(bundle, None)
    assert describe_bundle("nodule_detection")["weights"] == "not stated"
    shutil.rmtree(bundle / "models")
    assert describe_bundle("nodule_detection")["weights"] == "missing"
    (bundle / "configs" / "metadata.json").write_text("{", encoding="utf-8")
    assert describe_bundle("nodule_detection")["weights"] == "broken bundle"


def test_json_tells_versions_devices_and_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert known["nodulescope"] == version("nodulescope")
    assert known["packages"]["monai"] == version("monai")
    assert known["devices"][0]["name"] == "cpu"
    assert [b["stage"] for b in known["bundles"]] == list(STAGES)
    assert [b["path"] for b in known["bundles"]] == [str(find_bundle(stage)) for stage in STAGES]


def test_the_table_names_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info"]) == 0
    out = capsys.readouterr().out
    assert [stage for stage in STAGES if f"{stage}: {find_bundle(stage)}" not in out] == []
