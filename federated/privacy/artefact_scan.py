"""A search through everything that a run left behind for names that must not be there."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")
"""How text stands in files: almost always the first; Windows tools know the two after it, arrays of numpy the last."""

LONGEST_UNPACKED = 1 << 30
"""Bytes of an archive's member that are looked at."""

DEEPEST = 4
"""How deep archives may lie in archives."""


@dataclass(frozen=True)
class Leak:
    """A planted name that was found.

    Attributes:
        file: path below the folder; members of archives stand behind ``!``.
        name: the text that was looked for.
    """

    file: str
    name: str


def find_names(folder: Path, names: Sequence[str]) -> list[Leak]:
    """Look for names in all files of a folder: in their own names, their bytes, and in what is packed inside (zip, also of torch; gzip).

    Args:
        folder: what a run left behind: logs, metrics, job files, models.
        names: texts that must not occur, whatever their case: patients' names and numbers, names of files and folders.
    """
    leaks: dict[Leak, None] = {}  # in order of finding, each once
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        where = str(path.relative_to(folder))
        for place, content in _contents(where, path.read_bytes(), DEEPEST):
            for name in _found(place.encode() + b"\n" + content, names):
                leaks[Leak(place, name)] = None
    return list(leaks)


def _found(content: bytes, names: Sequence[str]) -> Iterator[str]:
    lowered = content.lower()
    yield from (name for name in names if any(name.lower().encode(encoding) in lowered for encoding in ENCODINGS))


def _contents(place: str, content: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    yield place, content
    if depth == 0:
        return
    if content[:4] == b"PK\x03\x04":
        try:
            archive = zipfile.ZipFile(io.BytesIO(content))
        except zipfile.BadZipFile:
            return
        with archive:
            for member in archive.infolist():
                if not member.is_dir() and member.file_size <= LONGEST_UNPACKED:
                    yield from _contents(f"{place}!{member.filename}", archive.read(member), depth - 1)
    elif content[:2] == b"\x1f\x8b":
        try:
            yield from _contents(f"{place}!", gzip.decompress(content), depth - 1)
        except (OSError, EOFError, zlib.error):
            return
