"""Stage *nodule_segmentation*: the outline of each finding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from monai.inferers import Inferer
from numpy.typing import NDArray

from nodulescope.bundles.contracts import Candidate, CTVolume, Outline
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.predictors.bundle import Bundle

WHOLE_UP_TO_MM = 20.0
"""Larger findings are looked at through larger voxels, so that all of them, and some lung around, fit into the cube."""

BATCH = 4


class OutlinePredictor:
    """Outlines findings with a segmentation bundle that works on a cube around each of them.

    Args:
        bundle: the opened bundle; its preprocessing takes ``center_lps_mm`` and ``magnification``.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.network = bundle.network()
        self.inferer: Inferer = bundle.component("inferer")

    def __call__(self, ct: CTVolume, candidates: Sequence[Candidate]) -> tuple[Outline, ...]:
        """One outline per candidate, in their order."""
        cubes = []
        for candidate in candidates:
            magnification = max(1.0, candidate.diameter_mm / WHOLE_UP_TO_MM)
            cubes.append(self.bundle.preprocess(ct, center_lps_mm=candidate.center_lps_mm, magnification=magnification)["image"])
        outlines: list[Outline] = []
        for first in range(0, len(cubes), BATCH):
            batch = torch.stack([cube.as_tensor() for cube in cubes[first : first + BATCH]]).to(self.bundle.device)
            with torch.inference_mode():
                probabilities = torch.sigmoid(self.inferer(batch, self.network).float())[:, 0].cpu().numpy()
            for probability, cube in zip(probabilities, cubes[first : first + BATCH], strict=True):
                outlines.append(_along_lps(probability, swap_ras_lps(cube.affine.numpy())))
        return tuple(outlines)


def _along_lps(probability: NDArray[np.float32], affine_lps: NDArray[np.float64]) -> Outline:
    """Turn a RAS cube so that its axes run to the patient's left, back and head."""
    turned = affine_lps.copy()
    last = np.array([probability.shape[0] - 1, probability.shape[1] - 1, 0.0])
    turned[:3, 3] += affine_lps[:3, :3] @ last
    turned[:3, :2] *= -1.0
    return Outline(np.ascontiguousarray(probability[::-1, ::-1]), turned)
