from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.container.show import show
from nodulescope.bundles.errors import UsageError


@pytest.fixture(autouse=True)
def _manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("app", "pkg"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"name": name}))
        monkeypatch.setenv(f"HOLOSCAN_{name.upper()}_MANIFEST_PATH", str(tmp_path / f"{name}.json"))


@pytest.mark.parametrize("name", ["app", "pkg"])
def test_one_manifest_is_plain_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert show([name]) == 0
    assert json.loads(capsys.readouterr().out) == {"name": name}


def test_both_stand_under_headlines(capsys: pytest.CaptureFixture[str]) -> None:
    assert show([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip("=") for line in lines if "=" in line] == [" app.json ", " pkg.json "]


def test_what_is_not_there_cannot_be_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are app and pkg"):
        show(["models"])
    (tmp_path / "pkg.json").unlink()
    with pytest.raises(UsageError, match=r"pkg\.json: cannot be read \(FileNotFoundError\)"):
        show(["pkg"])
