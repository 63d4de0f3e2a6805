"""The four bundles of an analysis, opened together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nodulescope.bundles.predictors import (
    STAGES,
    DetectionPredictor,
    GradingPredictor,
    LungPredictor,
    OutlinePredictor,
    choose_device,
    find_bundle,
    open_bundle,
)
from nodulescope.bundles.predictors.detection import OVERLAP
from nodulescope.operators.examination import ModelProvenance


@dataclass(frozen=True)
class Models:
    """One predictor per stage, and where each came from."""

    lungs: LungPredictor
    detection: DetectionPredictor
    outline: OutlinePredictor
    grading: GradingPredictor
    provenance: tuple[ModelProvenance, ...]


def open_models(
    bundles: Mapping[str, Path] | None = None,
    device: str = "auto",
    magnifications: Sequence[float] = (1.0,),
    overlap: float = OVERLAP,
) -> Models:
    """Find, verify and load the bundle of every stage.

    Args:
        bundles: stage to folder, for the stages whose bundle is replaced.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        magnifications: see :class:`~nodulescope.bundles.predictors.DetectionPredictor`.
        overlap: likewise.

    Raises:
        UsageError: no such stage or device.
        BundleError: a bundle is missing, incomplete or not what its metadata vouches for.
    """
    named = dict(bundles or {})
    for stage in named:
        find_bundle(stage, named[stage])  # refuses a stage that does not exist before anything is loaded
    where = choose_device(device)
    opened = {stage: open_bundle(find_bundle(stage, named.get(stage)), stage, where) for stage in STAGES}
    return Models(
        LungPredictor(opened["lung_segmentation"]),
        DetectionPredictor(opened["nodule_detection"], magnifications, overlap),
        OutlinePredictor(opened["nodule_segmentation"]),
        GradingPredictor(opened["nodule_grading"]),
        tuple(ModelProvenance(b.stage, b.name, b.version, b.sha256) for b in opened.values()),
    )
