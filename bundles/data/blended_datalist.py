"""Scans for the detector with real tissue on both sides: real nodules set into a real scan, and mosaics of crops."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import LEFT_LUNG
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.data.blended_scans import transplant
from nodulescope.bundles.data.cube_datalist import fold_of
from nodulescope.bundles.data.host_scan import HostScan
from nodulescope.bundles.data.nodule_crops import NoduleCrop
from nodulescope.bundles.data.nodule_stacks import NoduleStack
from nodulescope.bundles.data.phantom_datalist import box_of
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS

LEAST_READERS = 2
"""Nodules that one reader alone saw are not taught as nodules."""

MOSAIC_EDGE = 2
"""Crops along each edge of a mosaic."""


def write_blended_scans(
    folder: Path,
    stacks: Sequence[NoduleStack],
    crops: Sequence[NoduleCrop],
    host: HostScan,
    host_patient: str,
    scans: int,
    *,
    nodules_per_scan: int = 14,
    validation_fold: int = 0,
    seed: int = 0,
) -> Iterator[int]:
    """Write scans and ``scans.json``; nodules of the validation fold and of the host's patient are left out, so everything is for training.

    Args:
        folder: where it goes; scans that are already there are kept.
        stacks: nodules of a few slices.
        crops: nodules in their own surroundings.
        host: the scan that receives the stacks; its own lesions become boxes that do not count.
        host_patient: whose scan that is.
        scans: how many times the host is used, with other nodules each time.
        nodules_per_scan: nodules that are tried; not all find a place.
        validation_fold: patients of this fold stay out.
        seed: draws nodules and places.

    Yields:
        The number of finished scans, for a progress bar.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = [s for s in stacks if len(s.ratings) >= LEAST_READERS and fold_of(s.patient) != validation_fold and s.patient != host_patient]
    cubes = [c for c in crops if fold_of(c.patient) != validation_fold and c.patient != host_patient]
    mosaics = len(cubes) // MOSAIC_EDGE**3
    items: list[dict[str, Any]] = []
    for number in range(scans + mosaics):
        name = f"blended_{number:03d}" if number < scans else f"mosaic_{number - scans:03d}"
        record = folder / f"{name}.json"
        if not record.is_file():
            rng = np.random.default_rng([seed, number])
            if number < scans:
                picked = [known[i] for i in rng.permutation(len(known))[:nodules_per_scan]]
                item = _blended(folder, name, picked, host, rng) | {"patient": host_patient}
            else:
                part = cubes[number - scans :: mosaics][: MOSAIC_EDGE**3]
                item = _mosaic(folder, name, part) | {"patient": name}
            record.write_text(json.dumps(item), encoding="utf-8")
        items.append(json.loads(record.read_text(encoding="utf-8")))
        yield number + 1
    (folder / "scans.json").write_text(json.dumps({"training": items, "validation": []}, indent=1), encoding="utf-8")


def _blended(folder: Path, name: str, stacks: Sequence[NoduleStack], host: HostScan, rng: np.random.Generator) -> dict[str, Any]:
    hu = host.hu.copy()
    affine_lps = swap_ras_lps(host.affine_ras)
    masks = transplant(hu, host.lungs > 0, stacks, rng, keep_free=host.lesions)
    boxes = [box_of(mask, affine_lps) for mask in masks]
    classes = [NODULE_CLASS] * len(boxes)
    for center, radius in host.lesions:
        boxes.append([*(affine_lps[:3, :3] @ center + affine_lps[:3, 3]).tolist(), *([2.0 * radius] * 3)])
        classes.append(IGNORED_CLASS)
    return _save(folder, name, hu, host.lungs, host.affine_ras) | {"box": boxes, "box_class": classes}


def _mosaic(folder: Path, name: str, crops: Sequence[NoduleCrop]) -> dict[str, Any]:
    """Crops side by side. The seams are no anatomy, but patches of a detector are seldom larger than a crop."""
    edge = crops[0].hu.shape[0]
    hu = np.zeros((edge * MOSAIC_EDGE,) * 3, np.float32)
    affine = np.eye(4)
    boxes = []
    for place, crop in zip(np.ndindex((MOSAIC_EDGE,) * 3), crops, strict=True):
        box = tuple(slice(edge * p, edge * (p + 1)) for p in place)
        hu[box] = crop.hu
        outline = np.zeros(hu.shape, bool)
        outline[box] = crop.outline
        boxes.append(box_of(outline, swap_ras_lps(affine)))
    lungs = np.full(hu.shape, LEFT_LUNG, np.uint8)
    return _save(folder, name, hu, lungs, affine) | {"box": boxes, "box_class": [NODULE_CLASS] * len(boxes)}


def _save(folder: Path, name: str, hu: NDArray[np.float32], lungs: NDArray[np.uint8], affine_ras: NDArray[np.float64]) -> dict[str, Any]:
    nibabel.save(nibabel.Nifti1Image(np.clip(np.rint(hu), -1024, 3071).astype(np.int16), affine_ras), folder / f"{name}.nii.gz")
    nibabel.save(nibabel.Nifti1Image(lungs, affine_ras), folder / f"{name}_lungs.nii.gz")
    return {"image": f"{name}.nii.gz", "label": f"{name}_lungs.nii.gz"}
