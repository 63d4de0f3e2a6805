"""Which items of a cube datalist the outline network learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def outlined_items(items: Sequence[Mapping[str, Any]], least_readers: int) -> list[dict[str, Any]]:
    """Items with a nodule that enough readers outlined.

    What one of four readers took for a nodule is the outline of one opinion, often of a place where the others saw none. Where the datalist
    does not say who outlined a nodule (crops, phantoms), its outline counts.

    Args:
        items: of a cube datalist.
        least_readers: how many of them, from 1.
    """
    return [dict(item) for item in items if item["nodule"] and ("reader_labels" not in item or len(item["reader_labels"]) >= least_readers)]
