"""Stage *nodule_grading*: ratings at given places."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.inferers import Inferer

from nodulescope.bundles.contracts import CTVolume, Grade
from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.nodule_grading.ratings import HEADS, to_grade
from nodulescope.bundles.predictors.bundle import Bundle

BATCH = 8


class GradingPredictor:
    """Grades places with a bundle whose network answers :data:`~nodulescope.bundles.nodule_grading.ratings.HEADS` for a cube.

    Args:
        bundle: the opened bundle; its preprocessing takes ``center_lps_mm``.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.network = bundle.network()
        self.inferer: Inferer = bundle.component("inferer")

    def __call__(self, ct: CTVolume, centers_lps_mm: Sequence[tuple[float, float, float]]) -> tuple[Grade, ...]:
        """One grade per centre (LPS mm), in their order."""
        cubes = [self.bundle.preprocess(ct, center_lps_mm=center)["image"].as_tensor() for center in centers_lps_mm]
        grades: list[Grade] = []
        for first in range(0, len(cubes), BATCH):
            batch = torch.stack(cubes[first : first + BATCH]).to(self.bundle.device)
            with torch.inference_mode():
                answers = self.inferer(batch, self.network).flatten(1)
            if answers.shape[1] != len(HEADS):
                raise BundleError(f"{self.bundle.path}: its network answers {answers.shape[1]} questions, not {len(HEADS)}")
            grades.extend(to_grade(answer) for answer in answers.cpu())
        return tuple(grades)
