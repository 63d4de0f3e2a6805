"""Wheels on disk, for builds without a network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from nodulescope.apps.nodule_ct.packaging.pin import Pin
from nodulescope.bundles.errors import InputError

PYTHON = (3, 11)
NEWEST_GLIBC = 36
"""Debian 12's glibc 2.36; wheels that ask for a newer one do not install there."""


@dataclass(frozen=True)
class Wheel:
    """A wheel that serves a pin.

    Attributes:
        file: where it is.
        pin: the pin, with this file's version and hash.
        differs: whether it is another build than the one that the lock names.
    """

    file: Path
    pin: Pin
    differs: bool


def choose_wheels(folder: Path, pins: Iterable[Pin]) -> tuple[Wheel, ...]:
    """For each pin the wheel that the image installs.

    The very file that the lock names is taken where it is there. Else another build of the same release, such as a hospital's own or one
    with another local version, is taken and marked.

    Args:
        folder: the wheels.
        pins: the lock.

    Raises:
        InputError: the folder is missing, or it lacks a wheel that fits CPython 3.11 on Linux x86-64.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; `pip download` fills it, as apps/nodule_ct/docs/packaging.md describes")
    offered: dict[tuple[str, str], list[tuple[str, Path]]] = {}
    for file in sorted(folder.glob("*.whl")):
        try:
            name, version, _, tags = parse_wheel_filename(file.name)
        except InvalidWheelFilename:
            continue
        if not tags.isdisjoint(_fitting_tags()):
            offered.setdefault((canonicalize_name(name), version.public), []).append((str(version), file))
    chosen, missing = [], []
    for pin in pins:
        files = offered.get((pin.name, pin.public_version), [])
        if not files:
            missing.append(f"{pin.name}=={pin.version}")
            continue
        wheels = [
            Wheel(file, Pin(pin.name, version, digest), digest != pin.sha256) for version, file in files for digest in [sha256_of(file)]
        ]
        chosen.append(min(wheels, key=lambda wheel: wheel.differs))
    if missing:
        raise InputError(
            f"{folder}: no wheel for CPython 3.11 on Linux x86-64 of {', '.join(missing)}; download them, "
            "as apps/nodule_ct/docs/packaging.md describes"
        )
    return tuple(chosen)


def sha256_of(file: Path) -> str:
    """Hash of a file, in hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _fitting_tags() -> frozenset[Tag]:
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(NEWEST_GLIBC, 4, -1)]
    platforms += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    return frozenset([*cpython_tags(PYTHON, platforms=platforms), *compatible_tags(PYTHON, "cp311", platforms)])
