"""Reading MONAI datalists with errors a person can act on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nodulescope.bundles.errors import InputError


def read_datalist(path: str | Path, part: str, *, file_keys: Sequence[str] = ("image", "label")) -> list[dict[str, Any]]:
    """Items of one part of a datalist, with absolute and existing files.

    Args:
        path: JSON file in MONAI's (Medical Segmentation Decathlon's) form, or a plain list of items, which then is every part; relative
        files are
            relative to it.
        part: ``training``, ``validation`` or ``test``.
        file_keys: keys that name files.

    Raises:
        InputError: the datalist or one of its files is missing, or it has no such part.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{file}: there is no such datalist; `nodulescope phantom --datalist` makes one without any data")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(f"{file}: not valid JSON ({error.msg}, line {error.lineno})") from error
    if isinstance(content, dict) and part not in content:
        raise InputError(f"{file}: has no part named {part!r}; it holds {', '.join(sorted(content))}")
    entries = content if isinstance(content, list) else content[part]
    items: list[dict[str, Any]] = [dict(entry) if isinstance(entry, dict) else {"image": entry} for entry in entries]
    for item in items:
        for key in file_keys:
            if key not in item:
                continue
            item[key] = str(file.parent.absolute() / item[key])
            if not Path(item[key]).exists():
                raise InputError(f"{file}: names {item[key]}, which does not exist")
    return items
