from __future__ import annotations

import os
from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.container.extract import extract
from nodulescope.bundles.errors import UsageError


@pytest.fixture(autouse=True)
def _image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The places of an image, below a folder."""
    root = tmp_path / "image"
    files = {
        "HOLOSCAN_APPLICATION": "app/__main__.py",
        "HOLOSCAN_MODEL_PATH": "models/nodule_detection/configs/metadata.json",
        "HOLOSCAN_DOCS_PATH": "docs/packaging.md",
    }
    for variable, name in files.items():
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(name)
        monkeypatch.setenv(variable, str(root / name.partition("/")[0]))
    for variable, name in {"APP_MANIFEST": "app.json", "PKG_MANIFEST": "pkg.json", "CONFIG": "app.yaml"}.items():
        (root / name).write_text(name)
        monkeypatch.setenv(f"HOLOSCAN_{variable}_PATH", str(root / name))


def extracted(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_everything_is_extracted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "export"
    target.mkdir()
    assert extract([], target) == 0
    assert extracted(target) == [
        "app/__main__.py",
        "config/app.json",
        "config/app.yaml",
        "config/pkg.json",
        "docs/packaging.md",
        "models/nodule_detection/configs/metadata.json",
    ]
    assert capsys.readouterr().out.splitlines() == ["extracted app", "extracted config", "extracted models", "extracted docs"]


def test_only_mounted_parts_are_extracted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "export"
    (target / "config").mkdir(parents=True)
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == target / "config")
    assert extract([], target) == 0
    assert extracted(target) == ["config/app.json", "config/app.yaml", "config/pkg.json"]


def test_a_target_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder is mounted here"):
        extract([], tmp_path / "nothing")
    with pytest.raises(UsageError, match="takes no arguments"):
        extract(["models"], tmp_path)
    with pytest.raises(UsageError, match="cannot be written to as user"):
        extract([], Path("/proc"))
