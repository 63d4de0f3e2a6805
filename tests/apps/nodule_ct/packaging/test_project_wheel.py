from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path
from zipfile import ZipFile

import pytest

from nodulescope.apps.nodule_ct.packaging.project_wheel import build_project_wheel, rebuild_wheel


@pytest.fixture(scope="module")
def installed(project_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(project_wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    return folder


def test_the_same_source_gives_the_same_bytes(project_wheel: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        again = build_project_wheel(tmp_path)
    finally:
        os.umask(before)
    assert again.name == project_wheel.name
    assert again.read_bytes() == project_wheel.read_bytes()


def test_an_installed_wheel_becomes_a_wheel_with_the_same_content(project_wheel: Path, installed: Path, tmp_path: Path) -> None:
    (information,) = installed.glob("*.dist-info")
    rebuilt = rebuild_wheel(Distribution.at(information), tmp_path)
    with ZipFile(project_wheel) as old, ZipFile(rebuilt) as new:
        names = {name for name in old.namelist() if not name.endswith("/RECORD")}
        assert {name for name in new.namelist() if not name.endswith("/RECORD")} == names
        assert [name for name in names if old.read(name) != new.read(name)] == []
    assert rebuild_wheel(Distribution.at(information), tmp_path).read_bytes() == rebuilt.read_bytes()


def test_a_rebuilt_wheel_can_be_installed(installed: Path, tmp_path: Path) -> None:
    (information,) = installed.glob("*.dist-info")
    rebuilt = rebuild_wheel(Distribution.at(information), tmp_path)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(tmp_path / "again"), str(rebuilt)]
    subprocess.run(pip, check=True, capture_output=True)
    there = {p.relative_to(tmp_path / "again") for p in (tmp_path / "again").rglob("*.py")}
    assert there == {p.relative_to(installed) for p in installed.rglob("*.py")}
