"""The grading network's answers to the cubes of a datalist."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from nodulescope.bundles.data.datalist import TRAINING, read_datalist, read_parts
from nodulescope.bundles.errors import BundleError, InputError
from nodulescope.bundles.metrics.agreement import SCALE
from nodulescope.bundles.metrics.cube_batches import cubes_in_batches
from nodulescope.bundles.metrics.graded_cases import GradedCase
from nodulescope.bundles.metrics.patient_split import require_unseen_patients
from nodulescope.bundles.metrics.size_baseline import SizeBaseline, fit_size_baseline, outline_diameter_mm
from nodulescope.bundles.nodule_grading.baseline_batches import CentralSliced
from nodulescope.bundles.nodule_grading.baseline_network import SLICE_SIZE, SliceCNN
from nodulescope.bundles.nodule_grading.ratings import HEADS, READER_RATINGS, to_grade
from nodulescope.bundles.predictors import Bundle
from nodulescope.bundles.training.checkpoints import load_weights

MALIGNANCY = READER_RATINGS.index("malignancy")

Item = Mapping[str, Any]
Done = Callable[[int], None]


def choose_cubes(datalist: Path, part: str, *, least_readers: int, only: str = "*") -> list[dict[str, Any]]:
    """Items to be measured: nodules that enough readers rated, and places without a nodule.

    Args:
        datalist: file as :class:`~nodulescope.bundles.data.cube_datalist.CubeDatalist` writes it.
        part: which part.
        least_readers: how many readers must have rated a nodule's malignancy.
        only: pattern of file names, ``*`` and ``?`` as in a shell.

    Raises:
        InputError: the datalist is not valid, holds a rating off the scale, has no such case, or trains on a patient of this part.
    """
    items = [item for item in read_datalist(datalist, part) if fnmatch(Path(str(item.get("image"))).name, only)]
    require_unseen_patients(datalist, part, items)
    chosen = [item for item in items if not item.get("nodule") or len(malignancy_of(item, datalist)) >= max(least_readers, 1)]
    if not any(item.get("nodule") for item in chosen):
        wanted = "" if only == "*" else f" named {only}"
        raise InputError(
            f"{datalist}: part {part!r} holds no nodule{wanted} with {least_readers} readers; lower --least-readers or take another part"
        )
    return chosen


def malignancy_of(item: Item, datalist: Path) -> tuple[float, ...]:
    """Malignancy, one rating per reader who gave one.

    Raises:
        InputError: a reader's row is too short, or a rating is off the scale.
    """
    low, high = SCALE
    try:
        given = [reader[MALIGNANCY] for reader in item.get("ratings") or ()]
        ratings = tuple(float(value) for value in given if value is not None and not math.isnan(float(value)))
    except (IndexError, TypeError, ValueError, KeyError) as error:
        raise _wrong_ratings(item, datalist) from error
    if any(not low <= rating <= high for rating in ratings):
        raise _wrong_ratings(item, datalist)
    return ratings


def grade_cubes(bundle: Bundle, items: Sequence[Item], datalist: Path, *, run: int = 0, batch: int, done: Done) -> list[GradedCase]:
    """Answers of the grading network beside the readers' ratings.

    Args:
        bundle: serves the stage ``nodule_grading``; its configuration's ``cube`` is the edge in voxels.
        items: from :func:`choose_cubes`.
        datalist: where they stand, for messages.
        run: number of this network among several.
        batch: cubes at once.
        done: told how many more cubes are graded.

    Raises:
        InputError: a cube cannot be read.
        BundleError: the network is none for grading.
    """
    network, inferer = bundle.network(), bundle.component("inferer")
    cases: list[GradedCase] = []
    for cubes in cubes_in_batches(items, int(bundle.component("cube")), batch, outline=False):
        with torch.inference_mode():
            answers = inferer(cubes["image"].to(bundle.device), network).flatten(1).cpu()
        if answers.shape[1] != len(HEADS):
            raise BundleError(f"{bundle.path}: its network answers {answers.shape[1]} questions, not {len(HEADS)}")
        for item, answer in zip(items[len(cases) :], answers, strict=False):
            cases.append(_case(item, answer, datalist, run))
        done(len(answers))
    return cases


def slice_cnn_probabilities(weights: Path, items: Sequence[Item], device: torch.device, *, batch: int, done: Done) -> list[float]:
    """What the 2-D baseline, trained on the question ``malignant``, says of the same cubes: probability of a mean above 3.

    Args:
        weights: its state dict.
        items: from :func:`choose_cubes`.
        device: where it runs.
        batch: cubes at once.
        done: told how many more cubes are done.

    Raises:
        InputError: a cube cannot be read.
        BundleError: the weights do not fit.
    """
    network = SliceCNN().to(device)
    load_weights(network, weights)
    network.eval()
    central = CentralSliced("image")
    probabilities: list[float] = []
    for cubes in cubes_in_batches(items, SLICE_SIZE, batch, outline=False):
        with torch.inference_mode():
            probabilities += torch.sigmoid(network(central({"image": cubes["image"]})["image"].to(device)).flatten()).tolist()
        done(len(cubes["image"]))
    return probabilities


def fit_size(datalist: Path, *, least_readers: int) -> SizeBaseline | None:
    """Size's own opinion, fitted on the nodules of the training part that enough readers rated.

    Returns:
        None where the datalist has no training part, or too few nodules in it.

    Raises:
        InputError: an outline is missing or cannot be read.
    """
    if TRAINING not in read_parts(datalist):
        return None
    items = read_datalist(datalist, TRAINING, file_keys=["label"])
    rated = [(item, malignancy_of(item, datalist)) for item in items if item.get("nodule") and "label" in item]
    return fit_size_baseline(
        (outline_diameter_mm(str(item["label"])), fmean(ratings)) for item, ratings in rated if len(ratings) >= max(least_readers, 1)
    )


def with_size_ratings(cases: Iterable[GradedCase], baseline: SizeBaseline | None) -> list[GradedCase]:
    """The same cases with the rating that their size foretells; without a baseline as they are."""
    if baseline is None:
        return list(cases)
    return [replace(case, size_malignancy=float(baseline(case.diameter_mm))) for case in cases]


def _case(item: Item, answer: torch.Tensor, datalist: Path, run: int) -> GradedCase:
    grade = to_grade(answer)
    nodule = bool(item.get("nodule"))
    return GradedCase(
        case=Path(str(item["image"])).name.partition(".nii")[0],
        patient=str(item["patient"]),
        nodule=nodule,
        reader_malignancy=malignancy_of(item, datalist) if nodule else (),
        probability=grade.probability,
        malignancy=grade.malignancy,
        malignancy_probability=grade.malignancy_probability,
        diameter_mm=outline_diameter_mm(str(item["label"])) if "label" in item else math.nan,
        run=run,
    )


def _wrong_ratings(item: Item, datalist: Path) -> InputError:
    low, high = SCALE
    return InputError(
        f"{datalist}: the ratings of {Path(str(item.get('image'))).name} are not one row of {len(READER_RATINGS)} for each reader, "
        f"malignancy first, from {low} to {high}; correct them"
    )
