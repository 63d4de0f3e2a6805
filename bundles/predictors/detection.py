"""Stage *nodule_detection*: a CT and its lungs to places where a nodule may be."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from monai.apps.detection.networks.retinanet_detector import RetinaNetDetector
from monai.data.box_utils import box_iou, non_max_suppression
from monai.transforms.utils import compute_divisible_spatial_size
from monai.utils import ensure_tuple_rep
from nibabel.orientations import io_orientation
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from nodulescope.bundles.contracts import Candidate, CTVolume, LungMask
from nodulescope.bundles.coordinates import index_to_world, spacing_of, swap_ras_lps, world_to_index
from nodulescope.bundles.data.annotation_rules import PLEURA_MM
from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.precision import autocast
from nodulescope.bundles.predictors.bundle import WEIGHTS, Bundle
from nodulescope.bundles.training.checkpoints import load_weights

SEARCH_MARGIN_MM = 12.0
"""Searched beyond the lungs: room for nodules on the pleura."""

OVERLAP = 0.15
"""Two boxes that share more of their union than this are one finding, unless the settings say otherwise. Nodules do not overlap, so it
can be strict."""

LARGEST_WINDOW = 192
"""Edge in voxels that a detector's sliding window keeps within, so that windows made for large GPUs fit into a workstation's memory."""


@dataclass(frozen=True)
class Detections:
    """What a detector answers before overlapping boxes are joined, of one or several magnifications.

    Attributes:
        boxes: float32, shape (n, 6): low and high corners, LPS mm.
        scores: float32, shape (n,).
        magnifications: at which each was seen, shape (n,).
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    magnifications: NDArray[np.float64]

    @classmethod
    def of_all(cls, parts: Sequence[Detections]) -> Detections:
        """Those of several magnifications, in their order."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))

    def distinct(self, overlap: float) -> NDArray[np.intp]:
        """Numbers of the boxes that stay when, of boxes that share more of their union than ``overlap``, only the best is kept.

        The highest score comes first.
        """
        boxes, scores = torch.from_numpy(self.boxes), torch.from_numpy(self.scores)
        return np.asarray(non_max_suppression(boxes, scores, overlap, box_overlap_metric=box_iou), dtype=np.intp)

    def candidate(self, number: int) -> Candidate:
        """One of them as a candidate."""
        low, high = self.boxes[number, :3], self.boxes[number, 3:]
        return Candidate(
            center_lps_mm=_triple((low + high) / 2.0),
            diameter_mm=float((high - low).mean()),
            score=float(self.scores[number]),
            magnification=float(self.magnifications[number]),
        )


class DetectionPredictor:
    """Runs a detection bundle: the shipped one, or any whose configuration has a MONAI ``RetinaNetDetector`` named ``detector``.

    The Model Zoo's ``lung_nodule_ct_detection`` works unchanged. Spacing, HU window and box format are the bundle's own business.

    Args:
        bundle: the opened bundle.
        magnifications: at magnification m the network sees voxels m times as large, so that large lesions look like the nodules it was
            trained on. Findings of all magnifications are joined.
        overlap: of two boxes that share more of their union than this only the better one stays.

    Raises:
        BundleError: the bundle holds no such detector, or weights of another network.
    """

    def __init__(self, bundle: Bundle, magnifications: Sequence[float] = (1.0,), overlap: float = OVERLAP) -> None:
        self.bundle = bundle
        self.magnifications = tuple(magnifications)
        self.overlap = overlap
        self.detector = bundle.component("detector")
        if not isinstance(self.detector, RetinaNetDetector):
            raise BundleError(f"{bundle.path}: its 'detector' is no MONAI RetinaNetDetector")
        if "detector_ops" in bundle.parser:
            bundle.component("detector_ops")
        load_weights(self.detector.network, bundle.path / WEIGHTS)
        self.detector.to(bundle.device).eval()

    def __call__(self, ct: CTVolume, lungs: LungMask) -> tuple[Candidate, ...]:
        """Candidates in and at the lungs, the highest score first."""
        found = Detections.of_all([self.search(ct, lungs, magnification) for magnification in self.magnifications])
        candidates = [found.candidate(number) for number in found.distinct(self.overlap)]
        return tuple(candidate for candidate in candidates if is_near_lungs(candidate, lungs))

    def search(self, ct: CTVolume, lungs: LungMask, magnification: float) -> Detections:
        """Everything that the detector says in the box around the lungs at one magnification, boxes beside the lungs among it."""
        region = ct.cropped(*lungs.bounding_box(SEARCH_MARGIN_MM))
        # A patient drawn m times smaller is a patient seen through voxels m times larger, whatever spacing the bundle then resamples to.
        shrink = np.diag([1.0 / magnification] * 3 + [1.0])
        item = self.bundle.preprocess(replace(region, affine_lps=shrink @ region.affine_lps))
        image = item["image"]
        values = image.as_tensor().float().to(self.bundle.device)
        with torch.inference_mode(), autocast(self.bundle.device), self._fitting_window(image.shape[1:]):
            result: dict[str, Any] = self.detector([values], use_inferer=self.detector.inferer is not None)[0]
        corners = result[self.detector.target_box_key].float().cpu().numpy().reshape(-1, 2, 3)
        boxes = _in_the_patient(corners, swap_ras_lps(image.affine.numpy())) * magnification
        scores = result[self.detector.pred_score_key].float().cpu().numpy()
        return Detections(boxes.astype(np.float32), scores, np.full(len(scores), magnification))

    @contextmanager
    def _fitting_window(self, shape: Sequence[int]) -> Iterator[None]:
        """Keep a sliding window within :data:`LARGEST_WINDOW` and within the image as the detector pads it.

        Around smaller images MONAI pads both sides, by any number of voxels, and its maps of findings then lie up to half a step beside
        their anchors.
        """
        own = self.detector.inferer
        if own is not None:
            padded = compute_divisible_spatial_size(list(shape), k=self.detector.size_divisible)
            fitting = copy.copy(own)
            fitting.roi_size = tuple(min(a, b, LARGEST_WINDOW) for a, b in zip(ensure_tuple_rep(own.roi_size, 3), padded, strict=True))
            self.detector.inferer = fitting
        try:
            yield
        finally:
            self.detector.inferer = own


def _in_the_patient(corners: NDArray[np.float32], affine_lps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes along the patient's axes, (n, 6) in LPS mm, for corners (n, 2, 3) in voxels (0 is the middle of the first one).

    On a tilted grid a box keeps its edges and turns about its centre: the nodule in it does not change its size.
    """
    center = index_to_world(affine_lps, corners.mean(axis=1))
    half = (corners[:, 1] - corners[:, 0]) * np.asarray(spacing_of(affine_lps)) / 2.0
    half = half[:, np.argsort(io_orientation(affine_lps)[:, 0])]
    return np.concatenate([center - half, center + half], axis=1)


def is_near_lungs(candidate: Candidate, lungs: LungMask) -> bool:
    """Whether a candidate's centre lies in the lungs, within :data:`PLEURA_MM` of them, or within its own radius of them."""
    spacing = np.linalg.norm(lungs.affine_lps[:3, :3], axis=0)
    reach = max(PLEURA_MM, candidate.diameter_mm / 2.0)
    index = np.rint(world_to_index(lungs.affine_lps, candidate.center_lps_mm)).astype(int)
    pad = np.ceil(reach / spacing).astype(int)
    low, high = np.maximum(index - pad, 0), np.minimum(index + pad + 1, lungs.labels.shape)
    if (high <= low).any():
        return False
    around = lungs.labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] > 0
    return bool(around.any()) and _distance_to(around, index - low, spacing) <= reach


def _distance_to(mask: NDArray[np.bool_], index: NDArray[np.intp], spacing: NDArray[np.float64]) -> float:
    inside = np.clip(index, 0, np.asarray(mask.shape) - 1)
    return float(distance_transform_edt(~mask, sampling=spacing)[tuple(inside)])


def _triple(values: NDArray[np.float32]) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z
