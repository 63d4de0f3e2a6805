"""Training data from nothing: phantom scans at 1 mm with datalists for all four bundles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.data.annotation_rules import MASS_MM, MICRONODULE_MM
from nodulescope.bundles.data.cube_datalist import CubeDatalist
from nodulescope.bundles.data.nodule_stacks import CUBE_SIZE
from nodulescope.bundles.data.phantoms import PhantomScan, make_phantom
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec, draw_nodules
from nodulescope.bundles.data.phantoms.scanner import training_scanner
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

NODULES_PER_SCAN = 8
"""More than patients have, so that a training scan teaches more in the same time."""

EMPTY_CUBES_PER_SCAN = 10
"""Cubes without a nodule: half of them on vessels, the commonest mistake."""

CLEARANCE = 12
"""A cube without a nodule has its middle at least so many voxels away from any."""

Place = tuple[slice, slice, slice]
"""An index box (i, j, k)."""


def write_phantom_datalists(
    folder: Path, scans: int, *, seed: int = 0, validation_every: int = 6, make: Callable[[int], PhantomScan] | None = None
) -> Iterator[int]:
    """Make phantom scans and the datalists ``scans.json`` (lungs and detection) and ``cubes/datalist.json`` (outline and grading).

    Scans that are already there are kept, so an interrupted run goes on.

    Args:
        folder: where it all goes.
        scans: number of scans, one patient each.
        seed: seed of the first scan; the others follow.
        validation_every: every so many-th patient is for validation.
        make: makes the phantom of a seed, at 1 mm; :func:`training_phantom` when None.

    Yields:
        The number of finished scans, for a progress bar.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cubes = CubeDatalist(folder / "cubes", validation_fold=-1)
    parts: dict[str, list[dict[str, Any]]] = {"training": [], "validation": []}
    for number in range(scans):
        validates = number % validation_every == validation_every - 1
        record = folder / f"phantom_{seed + number:05d}.json"
        if not record.is_file():
            scan = (make or training_phantom)(seed + number)
            item = _write_scan(folder, record.stem, scan)
            item["cubes"] = _write_cubes(cubes, record.stem, scan, validates)
            record.write_text(json.dumps(item), encoding="utf-8")
        item = json.loads(record.read_text(encoding="utf-8"))
        for part, items in item.pop("cubes").items():
            known = {i["image"] for i in cubes.items[part]}
            cubes.items[part].extend(i for i in items if i["image"] not in known)
        parts["validation" if validates else "training"].append(item)
        yield number + 1
    (folder / "scans.json").write_text(json.dumps(parts, indent=1), encoding="utf-8")
    cubes.write()


def training_phantom(seed: int) -> PhantomScan:
    """A phantom at 1 mm with many nodules, scanned as one of the common scanners would."""
    rng = np.random.default_rng([seed, 7])
    scanner = training_scanner(rng)
    specs: list[NoduleSpec] = []
    while len(specs) < NODULES_PER_SCAN:
        specs.extend(draw_nodules(rng))
    return make_phantom(seed, scanner=scanner, nodules=specs)


def label_places(labels: NDArray[np.uint8]) -> dict[int, Place]:
    """The smallest index box around each label of a map, found in one pass."""
    return {number: (i, j, k) for number, found in enumerate(ndimage.find_objects(labels), 1) if found for i, j, k in [found]}


def box_of(label_map: NDArray[np.bool_], affine_lps: NDArray[np.float64]) -> list[float]:
    """Smallest box around a label on an axis-parallel grid: centre and edges in LPS mm, [x, y, z, width, depth, height].

    Raises:
        ValueError: there is no voxel of the label.
    """
    places = label_places(label_map.astype(np.uint8))
    if not places:
        raise ValueError("a label without a voxel has no box")
    return box_around(places[1], affine_lps)


def box_around(place: Place, affine_lps: NDArray[np.float64]) -> list[float]:
    """An index box as :func:`box_of` gives it."""
    corners = np.array([[axis.start - 0.5 for axis in place], [axis.stop - 0.5 for axis in place]])
    corners = corners @ affine_lps[:3, :3].T + affine_lps[:3, 3]
    low, high = corners.min(axis=0), corners.max(axis=0)
    return [*((low + high) / 2.0).tolist(), *(high - low).tolist()]


def _write_scan(folder: Path, name: str, scan: PhantomScan) -> dict[str, Any]:
    affine = swap_ras_lps(scan.ct.affine_lps)
    nibabel.save(nibabel.Nifti1Image(np.rint(scan.ct.hu).astype(np.int16), affine), folder / f"{name}.nii.gz")
    nibabel.save(nibabel.Nifti1Image(scan.lungs, affine), folder / f"{name}_lungs.nii.gz")
    places = label_places(scan.nodules_label)
    boxes = [box_around(places[n.id], scan.ct.affine_lps) for n in scan.truth]
    classes = [NODULE_CLASS if MICRONODULE_MM <= n.mean_diameter_mm <= MASS_MM else IGNORED_CLASS for n in scan.truth]
    return {"image": f"{name}.nii.gz", "label": f"{name}_lungs.nii.gz", "patient": name, "box": boxes, "box_class": classes}


def _write_cubes(cubes: CubeDatalist, name: str, scan: PhantomScan, validates: bool) -> dict[str, list[dict[str, Any]]]:
    before = {part: len(items) for part, items in cubes.items.items()}
    half = CUBE_SIZE // 2
    hu = np.pad(scan.ct.hu, half, constant_values=-1000.0)
    labels = np.pad(scan.nodules_label, half)
    places = label_places(scan.nodules_label)
    for nodule in scan.truth:
        place = places[nodule.id]
        voxels = np.nonzero(scan.nodules_label[place] == nodule.id)
        center = [round((axis + span.start).mean()) for axis, span in zip(voxels, place, strict=True)]
        box = tuple(slice(c, c + CUBE_SIZE) for c in center)
        rating = [nodule.ratings[key] for key in READER_RATINGS]
        # LPS to RAS: a half turn about the head axis.
        cubes.add(
            f"{name}_{nodule.id}",
            name,
            hu[box][::-1, ::-1],
            outline=(labels[box] == nodule.id)[::-1, ::-1],
            ratings=[rating],
            held_out=validates,
        )
    for number, center in enumerate(_empty_places(scan)):
        box = tuple(slice(int(c), int(c) + CUBE_SIZE) for c in center)
        cubes.add(f"{name}_empty_{number}", name, hu[box][::-1, ::-1], held_out=validates)
    return {part: items[before[part] :] for part, items in cubes.items.items()}


def near_nodules(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Voxels less than :data:`CLEARANCE` voxels from a label. Distances are taken in a box around each label only: what lies farther away
    than that is not near it, and what is near another label is found in that one's box.
    """
    near = np.zeros(labels.shape, dtype=bool)
    for place in label_places(labels).values():
        box = tuple(slice(max(axis.start - CLEARANCE, 0), axis.stop + CLEARANCE) for axis in place)
        near[box] |= ndimage.distance_transform_edt(labels[box] == 0) < CLEARANCE
    return near


def _empty_places(scan: PhantomScan) -> NDArray[np.intp]:
    rng = np.random.default_rng([scan.seed, 8])
    free = (scan.lungs > 0) & ~near_nodules(scan.nodules_label)
    vessels = np.argwhere(free & (scan.ct.hu > -300.0))
    anywhere = np.argwhere(free)
    half = EMPTY_CUBES_PER_SCAN // 2
    picked = [pool[rng.integers(len(pool), size=n)] for pool, n in ((vessels, half), (anywhere, EMPTY_CUBES_PER_SCAN - half)) if len(pool)]
    return np.concatenate(picked)
