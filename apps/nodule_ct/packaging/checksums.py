"""``SHA256SUMS``: the hash of every file of a context, in the form that ``sha256sum -c`` reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from nodulescope.apps.nodule_ct.packaging.wheelhouse import sha256_of
from nodulescope.bundles.errors import InputError

CHECKSUMS = "SHA256SUMS"

LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


def write_checksums(folder: Path) -> None:
    """Hash every file of a folder into its ``SHA256SUMS``."""
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in files_of(folder)]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def read_checksums(folder: Path) -> Mapping[str, str]:
    """Name to hash.

    Raises:
        InputError: the file is missing, or a line of it has another form.
    """
    file = folder / CHECKSUMS
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read; this is no build context of `nodulescope package`") from error
    matches = [LINE.fullmatch(line) for line in lines]
    if None in matches or not matches:
        raise InputError(f"{file}: a line is not of the form that sha256sum writes; write the context again")
    return {match[2]: match[1] for match in matches if match}


def files_of(folder: Path) -> list[str]:
    """Names of all files below a folder but ``SHA256SUMS``, sorted, with slashes."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(name for name in names if name != CHECKSUMS)
