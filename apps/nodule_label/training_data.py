"""From labelled scans to the datalist that a bundle's own training configuration reads."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from nodulescope.apps.nodule_label.labelled_scans import LUNGS_BY_READER
from nodulescope.bundles.coordinates import world_to_index
from nodulescope.bundles.data.cube_datalist import CubeDatalist
from nodulescope.bundles.data.nodule_stacks import CUBE_SIZE
from nodulescope.bundles.data.phantom_datalist import near_nodules
from nodulescope.bundles.data.scan_cache import write_json
from nodulescope.bundles.errors import InputError

Parts = Mapping[str, Sequence[Mapping[str, Any]]]
"""Part of a datalist to its items."""

EMPTY_PER_SCAN = 4
"""Places without a nodule that each labelled scan gives to the grading network, besides those that a reader pointed at."""

WHAT_IS_NEEDED = {
    "lung_segmentation": "labelled lungs",
    "nodule_detection": "marked nodules (label maps or boxes)",
    "nodule_segmentation": "outlined nodules",
    "nodule_grading": "outlined nodules",
}

AIR_HU = -1000.0


def training_datalist(stage: str, scans: Path, parts: Parts, folder: Path) -> Path:
    """Write the datalist of a bundle.

    Args:
        stage: the bundle.
        scans: folder of the scans' files.
        parts: labelled scans, as :class:`LabelledScans` gives them.
        folder: where the datalist goes, with cubes where the bundle learns from cubes.

    Raises:
        InputError: too few labels to train on some and to measure on others.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if stage in ("lung_segmentation", "nodule_detection"):
        wanted = LUNGS_BY_READER if stage == "lung_segmentation" else "nodules_by_reader"
        content = {part: [_absolute(item, scans) for item in items if item[wanted]] for part, items in parts.items()}
        path = folder / "datalist.json"
        write_json(content, path)
    else:
        path = _write_cubes(scans, parts, folder / "cubes")
        content = json.loads(path.read_text(encoding="utf-8"))
        if stage == "nodule_segmentation":  # which learns from nodules only
            content = {part: [item for item in items if item["nodule"]] for part, items in content.items()}
            write_json(content, path)
    counts = {part: sum(_teaches(stage, item) for item in items) for part, items in content.items()}
    if not all(counts.get(part) for part in ("training", "validation")):
        there = f"{counts.get('training', 0)} to train on and {counts.get('validation', 0)} to measure on"
        raise InputError(f"{stage}: too few labels ({there}): {WHAT_IS_NEEDED[stage]} in at least two patients' scans are needed")
    return path


def _absolute(item: Mapping[str, Any], scans: Path) -> dict[str, Any]:
    return {**item, **{key: str(scans / item[key]) for key in ("image", "label")}}


def _teaches(stage: str, item: Mapping[str, Any]) -> bool:
    return bool(item["nodule"]) if stage in ("nodule_segmentation", "nodule_grading") else True


def _write_cubes(scans: Path, parts: Parts, folder: Path) -> Path:
    cubes = CubeDatalist(folder, validation_fold=-1)
    for part, items in parts.items():
        for item in items:
            if item["nodules_by_reader"] and any(nodule["outline"] for nodule in item["nodules"]):
                _write_scan_cubes(cubes, scans, item, validates=part == "validation")
    return cubes.write()


def _write_scan_cubes(cubes: CubeDatalist, scans: Path, item: Mapping[str, Any], *, validates: bool) -> None:
    image: Any = nibabel.load(scans / item["image"])
    half = CUBE_SIZE // 2
    hu = np.pad(np.asarray(image.dataobj, dtype=np.float32), half, constant_values=AIR_HU)
    labels = np.zeros(image.shape, np.uint8)
    name = str(item["image"]).removesuffix(".nii.gz")
    for nodule in item["nodules"]:
        labels = np.asarray(nibabel.load(scans / nodule["outline"]).dataobj, dtype=np.uint8)  # type: ignore[attr-defined]
        number = int(nodule["id"].rpartition("_")[2])
        voxels = np.argwhere(labels == number)
        box = _cube_at(np.rint(voxels.mean(axis=0)).astype(int))
        rows = [[math.nan if value is None else float(value) for value in row] for row in nodule["ratings"]]
        outline = np.pad(labels == number, half)[box]
        cubes.add(f"{name}_{number}", item["patient"], hu[box], outline=outline, ratings=rows, held_out=validates)
    lungs = np.asarray(nibabel.load(scans / item["label"]).dataobj)  # type: ignore[attr-defined]
    for number, place in enumerate(_empty_places(item, image.affine, lungs, labels)):
        cubes.add(f"{name}_empty_{number}", item["patient"], hu[_cube_at(place)], held_out=validates)


def _empty_places(
    item: Mapping[str, Any], affine_ras: NDArray[np.float64], lungs: NDArray[Any], labels: NDArray[np.uint8]
) -> list[NDArray[np.intp]]:
    """Voxels without a nodule: those that a reader called none, then some of the lungs at random."""
    size = np.asarray(labels.shape)
    points = [world_to_index(affine_ras, (-x, -y, z)) for x, y, z in item["not_nodules"]]
    named = [index for point in points if ((index := np.rint(point).astype(int)) >= 0).all() and (index < size).all()]
    free = np.argwhere((lungs > 0) & ~near_nodules(labels))
    rng = np.random.default_rng(len(free))
    drawn: list[NDArray[np.intp]] = list(free[rng.integers(len(free), size=EMPTY_PER_SCAN)]) if len(free) else []
    return [*named, *drawn]


def _cube_at(center: NDArray[np.int_]) -> tuple[slice, slice, slice]:
    """The cube around a voxel, in an array that was padded by half a cube."""
    i, j, k = (slice(int(c), int(c) + CUBE_SIZE) for c in center)
    return i, j, k
