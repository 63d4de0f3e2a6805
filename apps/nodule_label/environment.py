"""The server's own environment: MONAI Label needs other versions of numpy, pydicom and others than the rest of nodulescope."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

from nodulescope.bundles.errors import NodulescopeError

NAME = ".venv-label"

TORCH = "torch==2.13.0"
"""This very pin takes the CPU build where pip is offered one; a range would take the CUDA build with several GB."""

_STAMP = "nodulescope-label.ready"

STEPS = (
    "making the environment",
    "installing PyTorch",
    "installing what MONAI Label needs",
    "installing MONAI Label",
    "installing nodulescope",
)
"""What :func:`make_environment` tells, in this order."""


def environment_folder(chosen: Path | None = None) -> Path:
    """Where the environment is kept.

    Args:
        chosen: a folder that a person named.

    Returns:
        The chosen folder; else ``.venv-label`` in the source tree that nodulescope runs from; else a folder among the user's data (XDG base
        directory specification).
    """
    if chosen is not None:
        return chosen.expanduser().absolute()
    source = source_tree()
    if source is not None:
        return source / NAME
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "nodulescope" / "venv-label"


def source_tree() -> Path | None:
    """The source tree that nodulescope runs from; None for an installed wheel."""
    root = Path(str(files("nodulescope.apps.nodule_label"))).parents[1]
    return root if (root / "pyproject.toml").is_file() else None


def python_of(folder: Path) -> Path:
    """The environment's Python."""
    return folder / "bin" / "python"


def is_ready(folder: Path) -> bool:
    """Whether all is installed, in the versions that are wanted now."""
    stamp = folder / _STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _fingerprint() and python_of(folder).exists()


def make_environment(folder: Path, begin: Callable[[str], None]) -> None:
    """Make the environment, or bring it up to date; an interrupted installation goes on. Takes minutes and some 2 GB.

    Args:
        folder: where.
        begin: called with one of :data:`STEPS` when it begins.

    Raises:
        NodulescopeError: pip cannot install something.
    """
    if is_ready(folder):
        return
    constraints = ("--constraint", str(_own("constraints.txt")))
    source = source_tree()
    own = ("--editable", str(source)) if source is not None else (f"nodulescope=={distribution('nodulescope').version}",)
    begin(STEPS[0])
    (folder / _STAMP).unlink(missing_ok=True)
    if not python_of(folder).exists():
        venv.create(folder, with_pip=True)
    begin(STEPS[1])
    _install(folder, *constraints, TORCH)
    begin(STEPS[2])
    _install(folder, *constraints, "--requirement", str(_own("requirements.txt")))
    begin(STEPS[3])
    _install(folder, "--no-deps", "--requirement", str(_own("requirements-alone.txt")))
    begin(STEPS[4])
    _install(folder, "--no-deps", *own)
    (folder / _STAMP).write_text(_fingerprint(), encoding="utf-8")


def _own(name: str) -> Path:
    return Path(str(files("nodulescope.apps.nodule_label"))) / name


def _fingerprint() -> str:
    """Changes with the requirements and with the place or version of nodulescope itself."""
    wanted = [_own(name).read_text(encoding="utf-8") for name in ("requirements.txt", "requirements-alone.txt", "constraints.txt")]
    own = source_tree() or distribution("nodulescope").version
    return hashlib.sha256("\n".join([*wanted, TORCH, str(own), sys.version]).encode()).hexdigest()


def _install(folder: Path, *what: str) -> None:
    command = [str(python_of(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        told = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else "it says nothing")
        raise NodulescopeError(f"{folder}: pip cannot install what the label server needs ({told[:200]}); see to it and start again")
