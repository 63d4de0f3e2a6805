"""File operations that hold after a kill or a loss of power: what a call has returned from is on the disk.

A rename within one file system is atomic, yet the name itself is only safe once its folder is synchronised too.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder, and its parents, where they are missing."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that nobody reads yet; it becomes visible by :func:`move`."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def move(source: Path, target: Path) -> None:
    """Rename a file or folder; a file that is already called ``target`` is replaced.

    Raises:
        OSError: ``target`` is a folder with something in it, or lies on another file system.
    """
    source.replace(target)
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all; one that is there already is replaced."""
    beside = path.with_name(f".{path.name}.part")
    write_new(beside, content)
    move(beside, path)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file that is there whole or not at all."""
    write_whole(path, json.dumps(content, indent=2).encode() + b"\n")


def read_json(path: Path) -> Any:
    """What :func:`write_json` wrote; None where there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def append_json_line(path: Path, content: Any) -> None:
    """Add a line to a record. A kill leaves at worst a torn last line, which :func:`read_json_lines` passes over."""
    is_new = not path.exists()
    with path.open("ab") as file:
        if file.tell() and not _ends_with_newline(path):
            file.write(b"\n")
        file.write(json.dumps(content).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_folder(path.parent)


def read_json_lines(path: Path) -> list[Any]:
    """The whole lines of a record; none where there is no such file."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for line in lines:
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue  # torn by a kill: its entry was never reported as written
    return entries


def sync_tree(folder: Path) -> None:
    """Bring every file below a folder onto the disk; for files that another process wrote."""
    for parent, _folders, names in os.walk(folder):
        for name in names:
            with Path(parent, name).open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(parent))


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
