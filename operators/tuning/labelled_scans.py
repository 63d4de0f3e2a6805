"""The scans on which a setting is chosen, and what is to be found on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_detection.box_classes import NODULE_CLASS


@dataclass(frozen=True)
class Truth:
    """What is to be found on one scan: centres (n, 3) in LPS mm and mean diameters (n,), and the same of what counts neither way."""

    centers: NDArray[np.float64]
    diameters: NDArray[np.float64]
    ignored_centers: NDArray[np.float64]
    ignored_diameters: NDArray[np.float64]


@dataclass(frozen=True)
class LabelledScans:
    """One part of a detection datalist.

    Attributes:
        datalist: its file name.
        part: which part of it.
        items: with absolute files.
        truths: one per item.
    """

    datalist: str
    part: str
    items: Sequence[Mapping[str, Any]]
    truths: Sequence[Truth]

    @property
    def nodules(self) -> int:
        """How many there are to find in all."""
        return sum(len(truth.centers) for truth in self.truths)


def read_labelled_scans(datalist: Path, part: str) -> LabelledScans:
    """Read a part of a detection datalist.

    Raises:
        InputError: the datalist or one of its images is missing, an item has no boxes, or there is no nodule in the whole part.
    """
    items = read_datalist(datalist, part, file_keys=("image",))
    scans = LabelledScans(datalist.name, part, items, [_truth_of(datalist, item) for item in items])
    if not scans.nodules:
        raise InputError(f"{datalist}: the part {part!r} has no nodule to find, so nothing can be chosen on it")
    return scans


def _truth_of(datalist: Path, item: Mapping[str, Any]) -> Truth:
    if "box" not in item or len(item["box"]) != len(item.get("box_class", ())):
        raise InputError(f"{datalist}: the item of {Path(item['image']).name} needs box and box_class, one class per box")
    boxes = np.asarray(item["box"], dtype=np.float64).reshape(-1, 6)
    wanted = np.asarray(item["box_class"], dtype=int) == NODULE_CLASS
    centers, diameters = boxes[:, :3], boxes[:, 3:].mean(axis=1)
    return Truth(centers[wanted], diameters[wanted], centers[~wanted], diameters[~wanted])
