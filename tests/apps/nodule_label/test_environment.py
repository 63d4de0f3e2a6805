from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nodulescope.apps.nodule_label import environment
from nodulescope.apps.nodule_label.environment import environment_folder, is_ready, source_tree
from nodulescope.bundles.errors import NodulescopeError

ROOT = Path(__file__).parents[3]
APP = ROOT / "apps" / "nodule_label"


def test_the_environment_lies_in_the_source_tree(tmp_path: Path) -> None:
    assert source_tree() == ROOT
    assert environment_folder() == ROOT / ".venv-label"
    assert environment_folder(tmp_path) == tmp_path


def test_every_requirement_is_pinned() -> None:
    lines = {name: (APP / f"{name}.txt").read_text().splitlines() for name in ("requirements", "requirements-alone", "constraints")}
    pinned = {line.partition("==")[0].replace("_", "-") for line in lines["constraints"] if not line.startswith("#")}
    wanted = [line for name in ("requirements", "requirements-alone") for line in lines[name] if line and not line.startswith("#")]
    names = {line.partition("[")[0].partition("<")[0].partition(">")[0].partition("=")[0].lower() for line in wanted}
    assert sorted(names - pinned) == []
    assert environment.TORCH in lines["constraints"]


def test_what_pip_cannot_install_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(NodulescopeError, match="pip cannot install what the label server needs") as refused:
        environment._install(tmp_path, "no-such-package-of-nodulescope==1")
    assert "\n" not in str(refused.value)
    assert not is_ready(tmp_path)


def test_an_environment_of_other_requirements_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    (tmp_path / "nodulescope-label.ready").write_text(environment._fingerprint())
    assert is_ready(tmp_path)
    monkeypatch.setattr(environment, "TORCH", "torch==1.0")
    assert not is_ready(tmp_path)
