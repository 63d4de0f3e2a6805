"""What is installed: every package, every data file, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("apps", "bundles", "federated", "operators")
BUNDLES = ("lung_segmentation", "nodule_detection", "nodule_grading", "nodule_segmentation")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """Files of the rooms that are, or may become, part of the repository."""
    command = ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", *ROOMS]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return sorted(name for name in set(listed) if (ROOT / name).is_file())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in a wheel built from a copy of the repository's files, so that nothing is left behind in it."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    command = ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split():
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    (source / "tests").mkdir()
    (source / "tests" / "__init__.py").touch()
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", built, source]
    subprocess.run(pip, check=True, capture_output=True, text=True)
    (file,) = built.glob("nodulescope-*.whl")
    with zipfile.ZipFile(file) as archive:
        return set(archive.namelist())


def test_every_package_is_listed(project: dict[str, Any], tracked: list[str]) -> None:
    there = {"nodulescope." + str(Path(name).parent).replace("/", ".") for name in tracked if name.endswith("/__init__.py")}
    assert sorted(project["tool"]["setuptools"]["packages"]) == sorted(there)


def test_every_module_lies_in_a_package(tracked: list[str]) -> None:
    orphans = [name for name in tracked if name.endswith(".py") and not (ROOT / name).with_name("__init__.py").is_file()]
    assert orphans == []


def test_every_data_file_is_listed(project: dict[str, Any], tracked: list[str]) -> None:
    listed: dict[str, list[str]] = project["tool"]["setuptools"]["package-data"]
    packages = set(project["tool"]["setuptools"]["packages"])
    missing = []
    for name in (n for n in tracked if not n.endswith(".py")):
        package = next(p for p in Path(name).parents if "nodulescope." + str(p).replace("/", ".") in packages)
        patterns = listed.get("nodulescope." + str(package).replace("/", "."), []) + listed["*"]
        if not any(fnmatch(str(Path(name).relative_to(package)), pattern) for pattern in patterns):
            missing.append(name)
    assert missing == []


def test_the_wheel_holds_all_of_the_rooms_under_one_name(wheel: set[str], tracked: list[str]) -> None:
    assert sorted({f"nodulescope/{name}" for name in tracked} - wheel) == []
    own = {name for name in wheel if not name.startswith("nodulescope-")}
    assert sorted(own - {f"nodulescope/{name}" for name in tracked}) == []


def test_the_wheel_holds_what_the_commands_read(wheel: set[str]) -> None:
    needed = {f"nodulescope/{room}/py.typed" for room in ROOMS}
    needed |= {f"nodulescope/bundles/{b}/configs/{c}" for b in BUNDLES for c in ("metadata.json", "train.yaml", "logging.conf")}
    needed |= {"nodulescope/operators/examination/findings.schema.json", "nodulescope/operators/report/templates/report.html.j2"}
    needed |= {"nodulescope/apps/nodule_ct/app.yaml"}
    assert sorted(needed - wheel) == []


def test_no_file_of_the_wheel_is_installed_outside_of_the_namespace(wheel: set[str]) -> None:
    assert {name.partition("/")[0] for name in wheel if not name.startswith("nodulescope-")} == {"nodulescope"}
    assert "nodulescope/__init__.py" not in wheel  # a namespace: other distributions may add to it


def test_every_stage_has_its_entry_point() -> None:
    offered = {entry.name: entry.value for entry in entry_points(group="nodulescope.bundles") if entry.value.startswith("nodulescope.")}
    assert offered == {bundle: f"nodulescope.bundles.{bundle}" for bundle in BUNDLES}


def test_constraints_cover_every_direct_dependency_and_name_no_machine(project: dict[str, Any]) -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if "==" not in line or "@" in line or "/" in line or "+" in line] == []
    pinned = {line.partition("==")[0] for line in lines}
    extras = project["project"]["optional-dependencies"]
    wanted = project["project"]["dependencies"] + extras["app"] + extras["federated"] + extras["dev"]
    names = {
        requirement.replace("[", " ").replace(">", " ").replace("=", " ").split()[0].lower().replace("_", "-") for requirement in wanted
    }
    assert sorted(names - pinned) == []
