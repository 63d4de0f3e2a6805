"""How well two masks on one grid agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from monai.metrics import compute_average_surface_distance, compute_dice, compute_hausdorff_distance
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

HAUSDORFF_PERCENTILE = 95.0


@dataclass(frozen=True)
class Overlap:
    """A mask measured against a true one.

    Attributes:
        dice: 0 to 1; 1 where both are empty.
        mean_surface_distance_mm: from each surface to the other, averaged over both; NaN where a mask is empty.
        hausdorff95_mm: the larger of the two directed 95th percentiles; NaN where a mask is empty.
        volume_mm3: of the mask.
        truth_volume_mm3: of the true one.
    """

    dice: float
    mean_surface_distance_mm: float
    hausdorff95_mm: float
    volume_mm3: float
    truth_volume_mm3: float

    @property
    def volume_error(self) -> float:
        """Signed, relative to the true volume; NaN where that is 0."""
        return self.volume_mm3 / self.truth_volume_mm3 - 1.0 if self.truth_volume_mm3 else math.nan


def overlap(mask: Mask, truth: Mask, spacing_mm: Sequence[float]) -> Overlap:
    """Measure a mask with MONAI's metrics.

    Args:
        mask: shape (ni, nj, nk).
        truth: same shape.
        spacing_mm: along i, j and k.
    """
    voxel = float(np.prod(spacing_mm))
    dice, surface, hausdorff = float(not truth.any() and not mask.any()), math.nan, math.nan
    if truth.any() and mask.any():
        one, other = (_batch(m) for m in _cropped(mask, truth))
        spacing = [float(step) for step in spacing_mm]
        dice = float(compute_dice(one, other))
        surface = float(compute_average_surface_distance(one, other, include_background=True, symmetric=True, spacing=spacing))
        percentile = HAUSDORFF_PERCENTILE
        hausdorff = float(compute_hausdorff_distance(one, other, include_background=True, percentile=percentile, spacing=spacing))
    return Overlap(dice, surface, hausdorff, float(np.count_nonzero(mask)) * voxel, float(np.count_nonzero(truth)) * voxel)


def _cropped(mask: Mask, truth: Mask) -> tuple[Mask, Mask]:
    """Both around what either holds, one voxel wider: a whole chest is mostly empty."""
    either = mask | truth
    box = []
    for axis in range(either.ndim):
        hits = np.flatnonzero(either.any(axis=tuple(a for a in range(either.ndim) if a != axis)))
        box.append(slice(max(int(hits[0]) - 1, 0), int(hits[-1]) + 2))
    return mask[tuple(box)], truth[tuple(box)]


def _batch(mask: Mask) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(mask))[None, None].float()
