"""A model of the application as MONAI Label serves it."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monailabel.interfaces.tasks.infer_v2 import InferTask, InferType

from nodulescope.apps.nodule_label.answer_files import write_answer
from nodulescope.apps.nodule_label.model_answers import LUNG_NAMES, NODULE_NAMES, Respond, detection, grading, lungs, outline
from nodulescope.apps.nodule_label.recent_images import RecentImages
from nodulescope.apps.nodule_label.scan_answer import scan
from nodulescope.apps.nodule_label.served_models import ServedModels
from nodulescope.bundles.training.metadata import WEIGHTS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Served:
    """What a model is called, what kind of client panel shows it, and what it does.

    Attributes:
        kind: decides where 3D Slicer's module lists the model.
        respond: answers.
        names: label names that a client offers before there is an answer.
        description: one sentence.
        bundle: whose version it is; None for the chain of all four.
        settings: what a client lets a person change.
    """

    kind: InferType
    respond: Respond
    names: Mapping[str, int]
    description: str
    bundle: str | None
    settings: Mapping[str, Any]


SCORE = {"score": 0.3}

MODELS: Mapping[str, Served] = {
    "lung_segmentation": Served(InferType.SEGMENTATION, lungs, LUNG_NAMES, "Labels the right and the left lung.", "lung_segmentation", {}),
    "nodule_detection": Served(
        InferType.DETECTION, detection, NODULE_NAMES, "Finds nodules: boxes with scores.", "nodule_detection", SCORE
    ),
    "nodule_segmentation": Served(
        InferType.SEGMENTATION, outline, NODULE_NAMES, "Outlines the nodules that the detector finds.", "nodule_segmentation", SCORE
    ),
    "nodule_click": Served(InferType.DEEPGROW, outline, NODULE_NAMES, "Outlines the nodule under each click.", "nodule_segmentation", {}),
    "nodule_grading": Served(
        InferType.SEGMENTATION,
        grading,
        NODULE_NAMES,
        "Rates nodules: those that are clicked on or labelled, else those that the detector finds.",
        "nodule_grading",
        SCORE,
    ),
    "scan": Served(InferType.SEGMENTATION, scan, NODULE_NAMES, "The whole analysis: nodules with outlines and ratings.", None, {}),
}
"""Every model by its name in the REST calls."""


class ModelTask(InferTask):
    """Answers ``/infer/NAME``.

    Args:
        served: what it does.
        models: the bundles.
        images: reads CTs.
        downloads: folder for copies of weights that clients ask for.
    """

    def __init__(self, served: Served, models: ServedModels, images: RecentImages, downloads: Path) -> None:
        super().__init__(served.kind, dict(served.names), 3, served.description, dict(served.settings))
        self.served = served
        self.models = models
        self.images = images
        self.downloads = downloads

    def is_valid(self) -> bool:
        """Bundles are verified when they are opened."""
        return True

    def info(self) -> dict[str, Any]:
        """What a client is told, with the version that is served."""
        told: dict[str, Any] = super().info()
        bundle = self.served.bundle
        return told if bundle is None else {**told, "version": self.models.versions.served(bundle).number}

    def get_path(self, validate: bool = True) -> str | None:
        """The served weights, as a copy: MONAI Label moves or overwrites this file when a client asks it to."""
        if self.served.bundle is None or not validate:
            return None
        version = self.models.versions.served(self.served.bundle)
        copy = self.downloads / f"{self.served.bundle}-{version.number}.pt"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(version.folder / WEIGHTS, copy)
        return str(copy)

    def __call__(self, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Answer a request.

        Returns:
            The file of the answer, and what else there is to tell: label names, ratings, versions, seconds.

        Raises:
            InputError: the image or the request cannot be used.
            BundleError: a bundle cannot be loaded or trusted.
        """
        begin = time.monotonic()
        ct = self.images.read(Path(request["image"]))
        answer = self.served.respond(self.models, ct, request)
        file = write_answer(answer, ct, request)
        names = dict(answer.names) or dict(self.labels)
        seconds = round(time.monotonic() - begin, 2)
        logger.info("%s answered in %.1f s", request.get("model"), seconds)
        return str(file), {**answer.params, "label_names": names, "latencies": {"total": seconds}, "centroids": {}}
