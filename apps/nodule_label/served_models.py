"""The bundles that answer now, opened and kept until another version is served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from nodulescope.apps.nodule_label.versions import Version, Versions
from nodulescope.bundles.predictors import (
    Bundle,
    DetectionPredictor,
    GradingPredictor,
    LungPredictor,
    OutlinePredictor,
    choose_device,
    open_bundle,
)

Predictor = TypeVar("Predictor")


class ServedModels:
    """One predictor per stage, always of the version that is served.

    Args:
        versions: says which that is; asked each time, for a training or a person may change it while the server runs.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """

    def __init__(self, versions: Versions, device: str = "auto") -> None:
        self.versions = versions
        self.device = device
        self._opened: dict[str, tuple[Path, Any]] = {}

    @property
    def lungs(self) -> LungPredictor:
        """CT to lungs."""
        return self._predictor("lung_segmentation", LungPredictor)

    @property
    def detection(self) -> DetectionPredictor:
        """CT and lungs to candidates."""
        return self._predictor("nodule_detection", DetectionPredictor)

    @property
    def outline(self) -> OutlinePredictor:
        """CT and candidates to outlines."""
        return self._predictor("nodule_segmentation", OutlinePredictor)

    @property
    def grading(self) -> GradingPredictor:
        """CT and centres to grades."""
        return self._predictor("nodule_grading", GradingPredictor)

    def provenance(self, *stages: str) -> list[dict[str, Any]]:
        """Which version of each of these stages answered, with the hash of its weights."""
        told = []
        for stage in stages:
            version, bundle = self.versions.served(stage), self._opened[stage][1].bundle
            told.append({"stage": stage, "number": version.number, "version": bundle.version, "sha256": bundle.sha256})
        return told

    def _predictor(self, stage: str, kind: Callable[[Bundle], Predictor]) -> Predictor:
        version: Version = self.versions.served(stage)
        if stage not in self._opened or self._opened[stage][0] != version.folder:
            self._opened[stage] = version.folder, kind(open_bundle(version.folder, stage, choose_device(self.device)))
        predictor: Predictor = self._opened[stage][1]
        return predictor
