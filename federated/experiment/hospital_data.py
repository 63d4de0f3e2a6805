"""The data of the phantom hospitals: for each its own, for comparison all of them together, and a test set that nobody trains on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nodulescope.bundles.data.phantom_datalist import write_phantom_datalists
from nodulescope.bundles.data.phantoms import PhantomScan
from nodulescope.federated.experiment.hospitals import Hospital
from nodulescope.federated.experiment.lung_block import make_block

NODULES_PER_BLOCK = 2
VALIDATION_BLOCKS = 2
"""Of each hospital, to watch its training; nothing is chosen by them."""

EMPTY_PER_NODULE = 1
"""Cubes without a nodule that are kept for each one with: more would only cost time here."""

POOLED = "pooled"
TEST = "test"

DATALISTS = {"nodule_detection": "scans.json", "nodule_grading": "cubes/datalist.json"}
"""Bundles of the experiment and their datalists."""

FILE_KEYS = ("image", "label")

Items = list[dict[str, Any]]


@dataclass(frozen=True)
class HospitalData:
    """Where the experiment's data lie.

    Attributes:
        folder: one folder per hospital, and the datalists.
        hospitals: whose.
    """

    folder: Path
    hospitals: tuple[Hospital, ...]

    def datalist(self, who: str, bundle: str) -> Path:
        """Datalist of a hospital, of :data:`POOLED`, or of :data:`TEST`, whose validation part is the joint test set."""
        return self.folder / f"{who}_{bundle}.json"


def write_hospital_data(
    folder: Path, hospitals: Sequence[Hospital], *, share: float, tested: int, seed: int, done: Callable[[int], None]
) -> HospitalData:
    """Make the data of all hospitals; blocks that are there already are kept.

    Args:
        folder: where they go.
        hospitals: whose.
        share: of the hospitals' training blocks to make, so that a test can do with few.
        tested: test blocks per hospital.
        seed: of the first block.
        done: called with the number of blocks that are made.
    """
    items: dict[tuple[str, str, str], Items] = {}
    made = 0
    for index, hospital in enumerate(hospitals):
        for first, (part, number) in enumerate(blocks_of(hospital, share, tested).items()):
            place = folder / hospital.name / part
            # Every block is written as training data; what it is for is decided below.
            seeds = seed + 100_000 * index + 30_000 * first
            for _ in write_phantom_datalists(place, number, seed=seeds, validation_every=number + 1, make=_maker(hospital)):
                made += 1
                done(made)
            for bundle, name in DATALISTS.items():
                written = json.loads((place / name).read_text(encoding="utf-8"))["training"]
                items[bundle, part, hospital.name] = [_from_here(item, place / name, folder) for item in _fewer_empty(written)]
    data = HospitalData(folder, tuple(hospitals))
    for bundle in DATALISTS:
        _write_datalists(data, bundle, items)
    return data


def blocks_of(hospital: Hospital, share: float, tested: int) -> dict[str, int]:
    """How many blocks a hospital has for what."""
    return {"training": max(2, round(hospital.training * share)), "validation": VALIDATION_BLOCKS, TEST: tested}


def _write_datalists(data: HospitalData, bundle: str, items: dict[tuple[str, str, str], Items]) -> None:
    names = [hospital.name for hospital in data.hospitals]
    joint = {part: [item for name in names for item in items[bundle, part, name]] for part in ("training", "validation", TEST)}
    datalists = {name: {part: items[bundle, part, name] for part in ("training", "validation")} for name in names}
    datalists[POOLED] = {part: joint[part] for part in ("training", "validation")}
    datalists[TEST] = {"training": joint["validation"], "validation": joint[TEST]}  # nothing is trained with this one
    for who, content in datalists.items():
        data.datalist(who, bundle).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _maker(hospital: Hospital) -> Callable[[int], PhantomScan]:
    def make(seed: int) -> PhantomScan:
        return make_block(seed, hospital.scanner, hospital.nodules(np.random.default_rng([seed, 32]), NODULES_PER_BLOCK))

    return make


def _fewer_empty(items: Items) -> Items:
    """All cubes with a nodule, and as many without; scans are all kept."""
    if not any("nodule" in item for item in items):
        return items
    nodules = [item for item in items if item["nodule"]]
    empty = [item for item in items if not item["nodule"]]
    wanted = EMPTY_PER_NODULE * len(nodules)
    return nodules + empty[:: max(1, len(empty) // wanted)][:wanted]


def _from_here(item: dict[str, Any], datalist: Path, folder: Path) -> dict[str, Any]:
    """An item whose files are named from the joint folder."""
    return {key: str((datalist.parent / value).relative_to(folder)) if key in FILE_KEYS else value for key, value in item.items()}
