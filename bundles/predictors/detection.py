"""Stage *nodule_detection*: a CT and its lungs to places where a nodule may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from monai.apps.detection.networks.retinanet_detector import RetinaNetDetector
from monai.data.box_utils import box_iou, non_max_suppression
from monai.transforms.utils import compute_divisible_spatial_size
from monai.utils import ensure_tuple_rep
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from nodulescope.bundles.contracts import Candidate, CTVolume, LungMask
from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps, world_to_index
from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.precision import autocast
from nodulescope.bundles.predictors.bundle import WEIGHTS, Bundle
from nodulescope.bundles.training.checkpoints import load_weights

SEARCH_MARGIN_MM = 12.0
"""Searched beyond the lungs: room for nodules on the pleura."""

PLEURA_MM = 5.0
"""A candidate's centre may lie this far outside the lung labels, or its own radius if that is more."""

OVERLAP = 0.15
"""Two boxes that share more of their union than this are one finding. Nodules do not overlap, so it can be strict."""

LARGEST_WINDOW = 192
"""Edge in voxels that a detector's sliding window keeps within, so that windows made for large GPUs fit into a workstation's memory."""


class DetectionPredictor:
    """Runs a detection bundle: the shipped one, or any whose configuration has a MONAI ``RetinaNetDetector`` named ``detector``.

    The Model Zoo's ``lung_nodule_ct_detection`` works unchanged. Spacing, HU window and box format are the bundle's own business.

    Args:
        bundle: the opened bundle.
        magnifications: at magnification m the network sees voxels m times as large, so that large lesions look like the nodules it was
            trained on. Findings of all magnifications are joined.

    Raises:
        BundleError: the bundle holds no such detector, or weights of another network.
    """

    def __init__(self, bundle: Bundle, magnifications: Sequence[float] = (1.0,)) -> None:
        self.bundle = bundle
        self.magnifications = tuple(magnifications)
        self.detector = bundle.component("detector")
        if not isinstance(self.detector, RetinaNetDetector):
            raise BundleError(f"{bundle.path}: its 'detector' is no MONAI RetinaNetDetector")
        if "detector_ops" in bundle.parser:
            bundle.component("detector_ops")
        self.window: tuple[int, ...] | None = None
        if self.detector.inferer is not None:
            self.window = tuple(min(edge, LARGEST_WINDOW) for edge in ensure_tuple_rep(self.detector.inferer.roi_size, 3))
        load_weights(self.detector.network, bundle.path / WEIGHTS)
        self.detector.to(bundle.device).eval()

    def __call__(self, ct: CTVolume, lungs: LungMask) -> tuple[Candidate, ...]:
        """Candidates in and at the lungs, the highest score first."""
        region = ct.cropped(*lungs.bounding_box(SEARCH_MARGIN_MM))
        found = [self._search(region, magnification) for magnification in self.magnifications]
        boxes = np.concatenate([boxes for boxes, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        seen_at = np.repeat(self.magnifications, [len(scores) for _, scores in found])
        keep = np.asarray(non_max_suppression(torch.from_numpy(boxes), torch.from_numpy(scores), OVERLAP, box_overlap_metric=box_iou))
        candidates = [
            Candidate(
                center_lps_mm=_triple((boxes[i, :3] + boxes[i, 3:]) / 2.0),
                diameter_mm=float((boxes[i, 3:] - boxes[i, :3]).mean()),
                score=float(scores[i]),
                magnification=float(seen_at[i]),
            )
            for i in keep
        ]
        return _near_lungs(candidates, lungs)

    def _search(self, region: CTVolume, magnification: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (n, 6) as LPS corners in mm, and scores (n,)."""
        # A patient drawn m times smaller is a patient seen through voxels m times larger, whatever spacing the bundle then resamples to.
        shrink = np.diag([1.0 / magnification] * 3 + [1.0])
        item = self.bundle.preprocess(replace(region, affine_lps=shrink @ region.affine_lps))
        image = item["image"]
        self._fit_window(image.shape[1:])
        values = image.as_tensor().float().to(self.bundle.device)
        with torch.inference_mode(), autocast(self.bundle.device):
            result: dict[str, Any] = self.detector([values], use_inferer=self.window is not None)[0]
        corners = result[self.detector.target_box_key].float().cpu().numpy().reshape(-1, 2, 3)
        # Index 0 is the middle of the preprocessed image's first voxel, as in MONAI's own training boxes.
        world = index_to_world(swap_ras_lps(image.affine.numpy()), corners) * magnification
        boxes = np.concatenate([world.min(axis=1), world.max(axis=1)], axis=1).astype(np.float32)
        return boxes, result[self.detector.pred_score_key].float().cpu().numpy()

    def _fit_window(self, shape: Sequence[int]) -> None:
        """Make a sliding window no larger than the image as the detector pads it.

        Around smaller images MONAI pads both sides, by any number of voxels, and its maps of findings then lie up to half a step beside
        their anchors.
        """
        if self.window is not None:
            padded = compute_divisible_spatial_size(list(shape), k=self.detector.size_divisible)
            self.detector.inferer.roi_size = tuple(min(a, b) for a, b in zip(self.window, padded, strict=True))


def _near_lungs(candidates: Sequence[Candidate], lungs: LungMask) -> tuple[Candidate, ...]:
    spacing = np.linalg.norm(lungs.affine_lps[:3, :3], axis=0)
    kept = []
    for candidate in candidates:
        reach = max(PLEURA_MM, candidate.diameter_mm / 2.0)
        index = np.rint(world_to_index(lungs.affine_lps, candidate.center_lps_mm)).astype(int)
        pad = np.ceil(reach / spacing).astype(int)
        low, high = np.maximum(index - pad, 0), np.minimum(index + pad + 1, lungs.labels.shape)
        if (high <= low).any():
            continue
        around = lungs.labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] > 0
        if around.any() and _distance_to(around, index - low, spacing) <= reach:
            kept.append(candidate)
    return tuple(kept)


def _distance_to(mask: NDArray[np.bool_], index: NDArray[np.intp], spacing: NDArray[np.float64]) -> float:
    inside = np.clip(index, 0, np.asarray(mask.shape) - 1)
    return float(distance_transform_edt(~mask, sampling=spacing)[tuple(inside)])


def _triple(values: NDArray[np.float32]) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z
