"""What each model of the application answers for a CT: the same predictors as the analysis has, asked one by one or as a chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nodulescope.apps.nodule_label.answer import Answer
from nodulescope.apps.nodule_label.markups import Box
from nodulescope.apps.nodule_label.places import clicked_places, labelled_places
from nodulescope.apps.nodule_label.served_models import ServedModels
from nodulescope.apps.nodule_label.submitted_labels import Kind
from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, Candidate, CTVolume, Grade, LungMask, Outline
from nodulescope.bundles.errors import InputError
from nodulescope.operators.measurement.fine_outline import NothingToMeasure
from nodulescope.operators.measurement.labels import MOST_NODULES, paint_labels
from nodulescope.operators.measurement.measure import measure
from nodulescope.operators.nodules import Thresholds, select

LUNG_NAMES = {"right lung": RIGHT_LUNG, "left lung": LEFT_LUNG}

NODULE_NAMES = {"nodule": 1}
"""What `/info` says of models that number nodules: how many there are is not known before one has looked."""

Respond = Callable[[ServedModels, CTVolume, Mapping[str, Any]], Answer]
"""A model: the bundles that answer, the CT, and what the client asked."""


def lungs(models: ServedModels, ct: CTVolume, _: Mapping[str, Any]) -> Answer:
    """Both lungs."""
    mask = models.lungs(ct)
    volumes = {name: round(mask.volume_ml(value)) for name, value in LUNG_NAMES.items()}
    params = {"volume_ml": volumes, "fully_covered": mask.fully_covered, "models": models.provenance("lung_segmentation")}
    return Answer(mask.labels, LUNG_NAMES, params=params)


def detection(models: ServedModels, ct: CTVolume, request: Mapping[str, Any]) -> Answer:
    """Where a nodule may be: a box and a score each."""
    candidates = find(models, ct, request)
    boxes = tuple(_box(candidate, number) for number, candidate in enumerate(candidates, 1))
    params = {
        "box": [[*box.center_lps_mm, *box.size_mm] for box in boxes],
        "label": ["nodule"] * len(boxes),
        "score": [round(candidate.score, 4) for candidate in candidates],
        "coordinates": "LPS mm: centre, then edges",
        "models": models.provenance("lung_segmentation", "nodule_detection"),
    }
    return Answer(boxes=boxes, params=params)


def outline(models: ServedModels, ct: CTVolume, request: Mapping[str, Any]) -> Answer:
    """The extent of each nodule: of those that were pointed at, else of those that the detector finds."""
    clicked = clicked_places(ct, request)
    candidates = clicked or find(models, ct, request)
    outlines = outlines_of(models, ct, candidates)
    painted, measured = painted_nodules(ct, candidates, outlines)
    if clicked and not measured:
        raise InputError("the outline network sees no nodule there; click into the middle of one")
    stages = ("nodule_segmentation",) if clicked else ("lung_segmentation", "nodule_detection", "nodule_segmentation")
    return Answer(
        painted, names_of(len(measured)), params={"nodules": [entry for _, entry in measured], "models": models.provenance(*stages)}
    )


def grading(models: ServedModels, ct: CTVolume, request: Mapping[str, Any]) -> Answer:
    """Ratings of nodules: pointed at, marked by the label that came along or was submitted before, or found by the detector."""
    candidates = clicked_places(ct, request)
    if not candidates and request.get("marked_file"):
        marked = labelled_places("", Path(str(request["marked_file"])), Kind(str(request["marked_kind"])))
        candidates = tuple(candidate for _, candidate in marked)
    candidates = candidates or find(models, ct, request)
    grades = models.grading(ct, [candidate.center_lps_mm for candidate in candidates])
    outlines = outlines_of(models, ct, candidates)
    painted, measured = painted_nodules(ct, candidates, outlines)
    numbers = {index: number for number, (index, _) in enumerate(measured, 1)}
    rated = [
        {"label": numbers.get(index), "center_lps_mm": _rounded(candidate.center_lps_mm), **grade_to_json(grade)}
        for index, (candidate, grade) in enumerate(zip(candidates, grades, strict=True))
    ]
    names = names_of(len(measured), [grades[index] for index, _ in measured])
    boxes = tuple(_rated_box(candidate, grade, number) for number, (candidate, grade) in enumerate(zip(candidates, grades, strict=True), 1))
    params = {
        "ratings": rated,
        "markups": [{"center_lps_mm": list(box.center_lps_mm), "name": box.name, "description": box.description} for box in boxes],
        "models": models.provenance("nodule_segmentation", "nodule_grading"),
    }
    return Answer(painted, names, params=params)


def find(models: ServedModels, ct: CTVolume, request: Mapping[str, Any], lung_mask: LungMask | None = None) -> tuple[Candidate, ...]:
    """The detector's candidates above the score that was asked for."""
    thresholds = Thresholds(detection_score=_number(request, "score", Thresholds.detection_score))
    return select(models.detection(ct, lung_mask or models.lungs(ct)), thresholds)


def outlines_of(models: ServedModels, ct: CTVolume, candidates: Sequence[Candidate]) -> tuple[Outline, ...]:
    """Outlines; one that fills its cube is looked at once more through larger voxels."""
    outlines = models.outline(ct, candidates)
    larger = [replace(c, diameter_mm=max(c.diameter_mm, _extent_mm(o))) for c, o in zip(candidates, outlines, strict=True)]
    again = [index for index, (old, new) in enumerate(zip(candidates, larger, strict=True)) if new.diameter_mm > old.diameter_mm + 5.0]
    if not again:
        return outlines
    redrawn = dict(zip(again, models.outline(ct, [larger[index] for index in again]), strict=True))
    return tuple(redrawn.get(index, outline) for index, outline in enumerate(outlines))


def painted_nodules(
    ct: CTVolume, candidates: Sequence[Candidate], outlines: Sequence[Outline]
) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], list[tuple[int, dict[str, Any]]]]:
    """A label map of the nodules that have an extent.

    Returns:
        The label map, values 1, 2, 3 ..., and for each of them the candidate's index and what was measured.
    """
    measured: list[tuple[int, dict[str, Any]]] = []
    for index, outline in enumerate(outlines[:MOST_NODULES]):
        try:
            sizes, kind = measure(outline, ct)
        except NothingToMeasure:
            continue
        entry = {
            "label": len(measured) + 1,
            "center_lps_mm": _rounded(sizes.center_lps_mm),
            "mean_diameter_mm": round(sizes.mean_diameter_mm, 1),
            "volume_mm3": round(sizes.volume_mm3),
            "type": kind.value,
            "score": round(candidates[index].score, 4),
        }
        measured.append((index, entry))
    if not measured:
        return np.zeros(ct.shape, np.uint8), []
    return paint_labels(ct, [outlines[index] for index, _ in measured]), measured


def names_of(count: int, grades: Sequence[Grade] | None = None) -> dict[str, int]:
    """A name for each numbered nodule; with grades, the one that decides is in it: a name is what every client shows."""
    if grades is None:
        return {f"nodule {number}": number for number in range(1, count + 1)}
    return {f"nodule {n} (malignancy {grade.malignancy:.1f} of 5)": n for n, grade in enumerate(grades, 1)}


def grade_to_json(grade: Grade) -> dict[str, Any]:
    """A grade as plain JSON values."""
    return {
        "probability": round(grade.probability, 4),
        "malignancy": round(grade.malignancy, 2),
        "malignancy_probability": round(grade.malignancy_probability, 4),
        **{name: round(value, 2) for name, value in grade.attributes.items()},
    }


def _box(candidate: Candidate, number: int) -> Box:
    edge = candidate.diameter_mm
    return Box(
        candidate.center_lps_mm,
        (edge, edge, edge),
        f"nodule {number}: {candidate.score:.2f}",
        f"score {candidate.score:.3f}, {edge:.1f} mm",
        round(candidate.score, 4),
    )


def _rated_box(candidate: Candidate, grade: Grade, number: int) -> Box:
    ratings = ", ".join(f"{name} {value:.1f}" for name, value in grade.attributes.items())
    edge = candidate.diameter_mm
    return Box(
        candidate.center_lps_mm,
        (edge, edge, edge),
        f"nodule {number}: malignancy {grade.malignancy:.1f} of 5",
        f"nodule {grade.probability:.0%}, malignant {grade.malignancy_probability:.0%}, {ratings}",
    )


def _extent_mm(outline: Outline) -> float:
    """Longest edge of the box around what lies above 0.5."""
    inside = np.argwhere(outline.probability > 0.5)
    if not len(inside):
        return 0.0
    return float((np.ptp(inside, axis=0) + 1).max() * np.linalg.norm(outline.affine_lps[:3, 0]))


def _number(request: Mapping[str, Any], key: str, usual: float) -> float:
    value = request.get(key, usual)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"{key} must be a number, not {value!r:.40}") from None


def _rounded(point: Sequence[float]) -> list[float]:
    return [round(float(value), 2) for value in point]
