from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.container import health as module
from nodulescope.apps.nodule_ct.container.health import health
from nodulescope.apps.nodule_ct.container.heartbeat import Heartbeat


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models" / "nodule_detection" / "configs"
    folder.mkdir(parents=True)
    (folder / "metadata.json").touch()
    (tmp_path / "pkg.json").write_text(json.dumps({"models": {"nodule_detection": "/opt/holoscan/models/nodule_detection"}}))
    monkeypatch.setenv("HOLOSCAN_MODEL_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("HOLOSCAN_PKG_MANIFEST_PATH", str(tmp_path / "pkg.json"))
    return tmp_path / "models"


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("last", "status", "line"),
    [
        (None, 0, "healthy: no analysis has begun"),
        (Heartbeat("nodule_detection", 3.0), 0, "healthy: nodule_detection"),
        (Heartbeat("nodule_detection", 61.0), 1, "unhealthy: no sign of life for 61 s, last during nodule_detection"),
    ],
)
def test_health_is_what_the_last_beat_tells(
    last: Heartbeat | None, status: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "last_beat", lambda: last)
    assert health([]) == status
    assert capsys.readouterr().out == f"{line}\n"


def test_a_missing_model_is_no_health(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (models / "nodule_detection" / "configs" / "metadata.json").unlink()
    assert health([]) == 1
    assert capsys.readouterr().out == f"unhealthy: {models / 'nodule_detection'} is no bundle\n"
