"""What a bundle is asked to look at: the items of an inference datalist, each with a name for its results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.errors import InputError

IMAGE_ENDINGS = (".nii.gz", ".nii", ".dcm")
"""Endings that a result's name does not repeat."""


def read_scans(path: str | Path, part: str = "test") -> list[dict[str, Any]]:
    """Items of whole scans.

    Args:
        path: a JSON list of items, or a MONAI datalist; every item names an ``image`` relative to the file.
        part: which part of a MONAI datalist.

    Returns:
        ``image`` and ``source`` (both the absolute file) and ``name``, unique in the list: the item's own name, else the file's.

    Raises:
        InputError: see :func:`~nodulescope.bundles.data.datalist.read_datalist`.
    """
    items: list[dict[str, Any]] = []
    taken: set[str] = set()
    for item in read_datalist(path, part, file_keys=["image"]):
        if "image" not in item:
            raise InputError(f"{path}: every item must name an image")
        wanted = _stem(str(item.get("name") or item["image"]))
        name, repeat = wanted, 1
        while name in taken:
            name, repeat = f"{wanted}_{repeat}", repeat + 1
        taken.add(name)
        items.append({"image": item["image"], "source": item["image"], "name": name})
    return items


def read_places(path: str | Path, part: str = "test") -> list[dict[str, Any]]:
    """Items of places in scans.

    Args:
        path: as for :func:`read_scans`; every item also gives ``center_lps_mm``, three numbers, and may give ``magnification``.
        part: which part of a MONAI datalist.

    Returns:
        The items of :func:`read_scans` with ``center_lps_mm`` and ``magnification`` (1 where none is given).

    Raises:
        InputError: as for :func:`read_scans`, or a place is missing or no place.
    """
    places = []
    for scan, item in zip(read_scans(path, part), read_datalist(path, part, file_keys=["image"]), strict=True):
        places.append({**scan, "center_lps_mm": _center(item, path), "magnification": _magnification(item, path)})
    return places


def _stem(image: str) -> str:
    name = Path(image).name
    return next((name[: -len(ending)] for ending in IMAGE_ENDINGS if name.lower().endswith(ending)), name)


def _center(item: Mapping[str, Any], path: str | Path) -> list[float]:
    center = item.get("center_lps_mm")
    try:
        values = [float(v) for v in center]  # type: ignore[union-attr]  # whatever is no list of numbers is told below
    except (TypeError, ValueError):
        values = []
    if len(values) != 3 or not all(math.isfinite(v) for v in values):
        raise InputError(f"{path}: an item's center_lps_mm must be three numbers (LPS mm), not {center!r}")
    return values


def _magnification(item: Mapping[str, Any], path: str | Path) -> float:
    value = item.get("magnification", 1.0)
    if not isinstance(value, (int, float)) or not (math.isfinite(value) and value > 0):
        raise InputError(f"{path}: an item's magnification must be a positive number, not {value!r}")
    return float(value)
