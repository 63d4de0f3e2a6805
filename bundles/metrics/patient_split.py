"""The rule of every evaluation: nobody is measured on whom the network learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nodulescope.bundles.data.datalist import TRAINING, read_parts
from nodulescope.bundles.errors import InputError


def require_unseen_patients(datalist: Path, part: str, items: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a part whose patients also train.

    Args:
        datalist: file that holds both parts; a plain list of items, which has no parts, tells nothing about training and passes.
        part: the part that is to be measured.
        items: its items.

    Raises:
        InputError: an item names no patient, or a patient of the part is also in the training part.
    """
    nameless = next((item for item in items if not str(item.get("patient") or "").strip()), None)
    if nameless is not None:
        raise InputError(f"{datalist}: the item of {_image(nameless)} names no patient; figures and splits are by patient, add it")
    seen = {str(item.get("patient")) for item in read_parts(datalist).get(TRAINING, [])}
    leaked = [item for item in items if str(item["patient"]) in seen]
    if leaked:
        raise InputError(
            f"{datalist}: {len({str(item['patient']) for item in leaked})} patients of {part} also train, that of {_image(leaked[0])} "
            "too; measure patients whom the network has not seen"
        )


def _image(item: Mapping[str, Any]) -> str:
    return Path(str(item.get("image"))).name
