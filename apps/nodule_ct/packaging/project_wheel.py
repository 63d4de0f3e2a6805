"""The wheel of this very installation: built from its source, or put together again from its installed files. Always the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import Distribution, PackagePath, distributions
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from nodulescope.bundles.errors import UsageError

PROJECT = "nodulescope"

SOURCES = ("apps", "bundles", "federated", "operators", "LICENSE", "README.md", "pyproject.toml")

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file can hold."""

INSTALLERS_OWN = ("INSTALLER", "REQUESTED", "direct_url.json", "RECORD", "uv_cache.json")
"""Files that an installer adds to those of the wheel; RECORD is written anew."""


def build_project_wheel(folder: Path) -> Path:
    """Make the wheel.

    Args:
        folder: where it is put.

    Returns:
        The file.

    Raises:
        UsageError: the source is not whole, or setuptools, which builds it, is missing.
    """
    source = Path(__file__).resolve().parents[3]
    if (source / "pyproject.toml").is_file():
        return _from_source(source, folder)
    # A folder of build information may bear the same name; only an installed wheel has a file WHEEL.
    installed = next((one for one in distributions(name=PROJECT) if one.read_text("WHEEL")), None)
    if installed is None:
        raise UsageError(f"{PROJECT}: is not installed from a wheel; give the wheel with --wheel")
    return rebuild_wheel(installed, folder)


def _from_source(source: Path, folder: Path) -> Path:
    missing = [name for name in SOURCES if not (source / name).exists()]
    if missing:
        raise UsageError(f"{source}: is no whole source of {PROJECT} ({', '.join(missing)} missing); give the wheel with --wheel")
    with tempfile.TemporaryDirectory() as built:
        copy = Path(built) / "source"
        for name in SOURCES:
            _copy(source / name, copy / name)
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
        environment = os.environ | {"SOURCE_DATE_EPOCH": "315532800", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        done = subprocess.run([*pip, "--wheel-dir", built, str(copy)], capture_output=True, text=True, env=environment, check=False)
        wheels = list(Path(built).glob("*.whl"))
        if done.returncode or not wheels:
            reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
            raise UsageError(f"{source}: the wheel cannot be built ({reason}); give one with --wheel")
        return _with_one_mode(wheels[0], folder / wheels[0].name)


def _with_one_mode(built: Path, target: Path) -> Path:
    """The same wheel with one mode and one time for all files: what setuptools writes itself has the mode that this user's umask gives."""
    with ZipFile(built) as old, ZipFile(target, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(_member(name), old.read(name), ZIP_DEFLATED)
    return target


def _copy(source: Path, target: Path) -> None:
    """Copy what may be part of the wheel."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"), copy_function=shutil.copyfile)
    else:
        shutil.copyfile(source, target)


def rebuild_wheel(installed: Distribution, folder: Path) -> Path:
    """Put the installed files of a distribution into a wheel again.

    Args:
        installed: a distribution of pure Python, installed from a wheel.
        folder: where the wheel is put.

    Raises:
        UsageError: the installation does not list its files.
    """
    record = f"{PROJECT}-{installed.version}.dist-info/RECORD"
    entries = sorted((str(entry), entry) for entry in installed.files or () if _belongs(entry))
    if not entries:
        raise UsageError(f"{PROJECT}: the installation does not list its files; give the wheel with --wheel")
    wheel = folder / f"{PROJECT}-{installed.version}-py3-none-any.whl"
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        lines = []
        for name, entry in entries:
            content = Path(str(entry.locate())).read_bytes()
            digest = f"{entry.hash.mode}={entry.hash.value}" if entry.hash else ""
            archive.writestr(_member(name), content, ZIP_DEFLATED)
            lines.append(f"{name},{digest},{len(content)}\n")
        archive.writestr(_member(record), "".join([*lines, f"{record},,\n"]), ZIP_DEFLATED)
    return wheel


def _belongs(entry: PackagePath) -> bool:
    return ".." not in entry.parts and entry.suffix != ".pyc" and entry.name not in INSTALLERS_OWN


def _member(name: str) -> ZipInfo:
    member = ZipInfo(name, EARLIEST)
    member.external_attr = 0o100644 << 16
    return member
