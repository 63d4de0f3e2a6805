"""Several datalists as one: real nodules and phantoms, this hospital's scans and that one's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nodulescope.bundles.data.datalist import TRAINING, VALIDATION, read_parts
from nodulescope.bundles.errors import InputError

FILE_KEYS = ("image", "label", "reader_labels")
"""Keys of an item that name a file, or a list of them."""

Parts = dict[str, list[dict[str, Any]]]


def join_datalists(folder: Path, datalists: Sequence[Path], training_only: Sequence[Path] = ()) -> Parts:
    """Put the items of datalists together, part by part.

    Args:
        folder: where the joined datalist will lie; its items name their files from there.
        datalists: to be joined; each keeps its own split.
        training_only: more datalists, all of whose items are to train.

    Returns:
        The parts, an image that several datalists name only once.

    Raises:
        InputError: a datalist cannot be read, an item names no image, or a patient would both train and be measured.
    """
    parts: dict[str, dict[str, dict[str, Any]]] = {TRAINING: {}, VALIDATION: {}}  # by image
    seen: dict[str, str] = {}
    side: dict[str, tuple[bool, Path]] = {}
    for datalist in (*datalists, *training_only):
        for written, items in read_parts(datalist).items():
            part = TRAINING if datalist in training_only else written
            for item in items:
                moved = _from(folder, item, datalist)
                if seen.setdefault(moved["image"], part) != part:
                    raise InputError(
                        f"{datalist}: {item['image']} is in {part} here, and in {seen[moved['image']]} before; take it out of one"
                    )
                patient = str(item.get("patient") or "")
                trains, first = side.setdefault(patient, (part == TRAINING, datalist))
                if patient and trains != (part == TRAINING):
                    raise InputError(f"{datalist}: patient {patient} is in {part}, and on the other side of the split in {first}")
                parts.setdefault(part, {})[moved["image"]] = moved
    return {part: list(items.values()) for part, items in parts.items()}


def _from(folder: Path, item: dict[str, Any], datalist: Path) -> dict[str, Any]:
    """An item whose files are named from another folder."""
    if not isinstance(item.get("image"), str):
        raise InputError(f"{datalist}: an item names no image: {item!r:.80}")

    def named(value: str | list[str]) -> str | list[str]:
        return [str(named(one)) for one in value] if isinstance(value, list) else os.path.relpath(datalist.parent / value, folder)

    return {key: named(value) if key in FILE_KEYS else value for key, value in item.items()}
