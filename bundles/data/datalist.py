"""Reading MONAI datalists with errors a person can act on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nodulescope.bundles.errors import InputError

TRAINING, VALIDATION = "training", "validation"
"""Parts that trainings read."""

EVERY_PART = "every part"
"""What the one part of a plain list of items is called."""


def read_datalist(path: str | Path, part: str, *, file_keys: Sequence[str] = ("image", "label")) -> list[dict[str, Any]]:
    """Items of one part of a datalist, with absolute and existing files.

    Args:
        path: JSON file in MONAI's (Medical Segmentation Decathlon's) form, or a plain list of items, which then is every part; relative
            files are relative to it.
        part: ``training``, ``validation`` or ``test``.
        file_keys: keys that name files.

    Raises:
        InputError: the datalist or one of its files is missing, or it has no such part.
    """
    file, parts = Path(path), read_parts(path)
    if part not in parts and EVERY_PART not in parts:
        raise InputError(f"{file}: has no part named {part!r}; it holds {', '.join(sorted(parts)) or 'none'}")
    items = parts[EVERY_PART if EVERY_PART in parts else part]
    for number, item in enumerate(items, 1):
        for key in file_keys:
            if key not in item:
                continue
            if not isinstance(item[key], str):
                raise InputError(f"{file}: item {number} of {part} must name one file under {key!r}, not {item[key]!r}")
            item[key] = str(file.parent.absolute() / item[key])
            if not Path(item[key]).exists():
                raise InputError(f"{file}: names {item[key]}, which does not exist; restore it or remove its item")
    return items


def read_parts(path: str | Path) -> dict[str, list[dict[str, Any]]]:
    """All parts of a datalist, their items as they are written; files are not looked for.

    Args:
        path: as for :func:`read_datalist`; of a plain list the part is called :data:`EVERY_PART`.

    Raises:
        InputError: the datalist is missing, is not JSON, or is no datalist.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{file}: there is no such datalist; `nodulescope phantom --datalist` makes one without any data")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not a text file; name a datalist in JSON") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{file}: not valid JSON ({error.msg}, line {error.lineno}); correct it there") from error
    if isinstance(content, list):
        content = {EVERY_PART: content}
    if not isinstance(content, dict):
        raise InputError(f"{file}: no datalist; it must hold lists of items, named training, validation or test")
    # A Decathlon datalist also tells modalities, labels and numbers: only what holds items is a part.
    return {part: _items(file, part, entries) for part, entries in content.items() if isinstance(entries, list)}


def _items(file: Path, part: str, entries: list[Any]) -> list[dict[str, Any]]:
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, (dict, str)):
            raise InputError(f"{file}: item {number} of {part} must be an object with an image, or a file name, not {entry!r:.60}")
    return [dict(entry) if isinstance(entry, dict) else {"image": entry} for entry in entries]
