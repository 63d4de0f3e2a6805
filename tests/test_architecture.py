"""The rule that keeps the rooms apart, and proof that the ground floor stands alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

UPSTAIRS = ("highdicom", "holoscan", "monailabel", "nvflare", "torchvision")
"""Packages that only the floors above the bundles may need."""

BLOCKED_IMPORT = f"""
import importlib, pkgutil, sys, types

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {UPSTAIRS!r}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocked())
# The App SDK installs itself into MONAI, which then imports it: an empty module stands for an environment without it.
sys.modules["monai.deploy"] = types.ModuleType("monai.deploy")
import nodulescope.bundles
names = [module.name for module in pkgutil.walk_packages(nodulescope.bundles.__path__, "nodulescope.bundles.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_imports_only_go_down() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache", "--config", ROOT / "pyproject.toml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "Contracts: 3 kept, 0 broken." in done.stdout


def test_every_module_of_the_bundles_imports_without_the_floors_above() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", BLOCKED_IMPORT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50


def test_no_file_is_a_catch_all() -> None:
    rooms = ("apps", "bundles", "federated", "operators")
    names = {file.stem for room in rooms for file in (ROOT / room).rglob("*.py")}
    assert names & {"utils", "util", "helpers", "helper", "common", "misc", "tools"} == set()
