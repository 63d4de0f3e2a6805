"""The outline network's answers to the cubes of a datalist, as the application would use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms import CenterSpatialCrop, Compose, LoadImage
from numpy.typing import NDArray

from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.cube_batches import cubes_in_batches
from nodulescope.bundles.metrics.overlap import overlap
from nodulescope.bundles.metrics.patient_split import require_unseen_patients
from nodulescope.bundles.metrics.segmented_cases import NETWORK, READERS, SegmentedCase
from nodulescope.bundles.metrics.size_baseline import equivalent_diameter_mm
from nodulescope.bundles.nodule_segmentation.central_component import CentralComponentd
from nodulescope.bundles.predictors import Bundle
from nodulescope.bundles.preprocessing import SPACING_MM, to_unit_range

Mask = NDArray[np.bool_]
Item = Mapping[str, Any]

STRUCTURE = "nodule"
THRESHOLD = "threshold"

DENSER_THAN_HU = -400.0
"""Midway between aerated lung (about -850) and soft tissue (about 50): the plain method that stands beside the network."""

PROBABLE = 0.5
GRID_MM = (SPACING_MM,) * 3


def choose_outlines(datalist: Path, part: str, *, least_readers: int, only: str = "*") -> list[dict[str, Any]]:
    """Items to be measured: nodules with an outline that enough readers made.

    Args:
        datalist: file as :class:`~nodulescope.bundles.data.cube_datalist.CubeDatalist` writes it.
        part: which part.
        least_readers: how many readers must have rated a nodule, and with that outlined it.
        only: pattern of file names, ``*`` and ``?`` as in a shell.

    Raises:
        InputError: the datalist is not valid, has no such nodule, names a reader's outline that is missing, or trains on a patient of this
        part.
    """
    items = [item for item in read_datalist(datalist, part) if fnmatch(Path(str(item.get("image"))).name, only)]
    require_unseen_patients(datalist, part, items)
    chosen = [item for item in items if "label" in item and len(item.get("ratings") or ()) >= least_readers]
    if not chosen:
        wanted = "" if only == "*" else f" named {only}"
        raise InputError(
            f"{datalist}: part {part!r} holds no outline{wanted} of {least_readers} readers; lower --least-readers or take another part"
        )
    for item in chosen:
        item["reader_labels"] = [datalist.parent / str(name) for name in item.get("reader_labels") or ()]
        for file in item["reader_labels"]:
            if not file.is_file():
                raise InputError(f"{datalist}: names {file}, which does not exist")
    return chosen


def outline_cubes(bundle: Bundle, items: Sequence[Item], *, run: int = 0, batch: int, done: Callable[[int], None]) -> list[SegmentedCase]:
    """The network, a plain threshold, and the readers, each measured against an outline that is not its own.

    Args:
        bundle: serves the stage ``nodule_segmentation``; its configuration's ``cube`` is the edge in voxels.
        items: from :func:`choose_outlines`.
        run: number of this network among several.
        batch: cubes at once.
        done: told how many more cubes are outlined.

    Returns:
        Per cube one row of the network, one of the threshold, and one per reader where the datalist keeps the readers' own outlines.

    Raises:
        InputError: a cube cannot be read, or a nodule's outline does not reach into its cube.
        BundleError: the weights do not fit.
    """
    network, inferer = bundle.network(), bundle.component("inferer")
    size = int(bundle.component("cube"))
    load = Compose([LoadImage(image_only=True, ensure_channel_first=True), CenterSpatialCrop(roi_size=(size,) * 3)])
    limit = float(to_unit_range(torch.tensor(DENSER_THAN_HU)))
    cases: list[SegmentedCase] = []
    count = 0
    for cubes in cubes_in_batches(items, size, batch, outline=True):
        with torch.inference_mode():
            probable = torch.sigmoid(inferer(cubes["image"].to(bundle.device), network).float()).cpu() > PROBABLE
        for item, mask, dense, label in zip(items[count:], probable, cubes["image"] > limit, cubes["label"], strict=False):
            truth = label[0].numpy() > 0
            if not truth.any():
                raise InputError(f"{item['label']}: holds no outline within {size} mm around the middle; leave the item out")
            masks = ((NETWORK, in_the_middle(mask), truth), (THRESHOLD, in_the_middle(dense), truth), *_readers(item, load))
            cases += [_case(item, by, one, other, truth, run) for by, one, other in masks]
        count += len(probable)
        done(len(probable))
    return cases


def in_the_middle(mask: torch.Tensor) -> Mask:
    """The part of a mask (1, n, n, n) that the application takes for the nodule: the one nearest to the cube's middle."""
    return np.asarray(CentralComponentd("mask")({"mask": mask})["mask"][0]) > 0


def consensus(outlines: Sequence[Mask]) -> Mask:
    """What at least half of the readers counted in."""
    return np.asarray(2 * np.sum(outlines, axis=0) >= len(outlines))


def _readers(item: Item, load: Compose) -> Iterator[tuple[str, Mask, Mask]]:
    """Each reader's outline and the consensus of the others; nothing where that is empty."""
    outlines = []
    for file in item["reader_labels"]:
        try:
            outlines.append(np.asarray(load(str(file)))[0] > 0)
        except Exception as error:  # readers of many formats raise many kinds, and MONAI wraps them
            raise InputError(f"{file}: cannot be read as a label map (damaged or another format); make the cubes again") from error
    for number, own in enumerate(outlines if len(outlines) > 1 else ()):
        others = consensus([outline for other, outline in enumerate(outlines) if other != number])
        if others.any():
            yield READERS, own, others


def _case(item: Item, by: str, mask: Mask, truth: Mask, label: Mask, run: int) -> SegmentedCase:
    diameter = equivalent_diameter_mm(float(np.count_nonzero(label)) * float(np.prod(GRID_MM)))
    name = Path(str(item["image"])).name.partition(".nii")[0]
    return SegmentedCase(name, str(item["patient"]), STRUCTURE, by, diameter, overlap(mask, truth, GRID_MM), run)
