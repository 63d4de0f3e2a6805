"""A whole CT on the canonical grid."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np
import torch
from monai.transforms import Compose, Orientationd, ScaleIntensityRanged, Spacingd
from numpy.typing import NDArray

SPACING_MM = 1.0
"""Edge of a canonical voxel: a voxel is 1 mm³, so lengths in voxels are lengths in millimetres."""

HU_WINDOW = (-1000.0, 400.0)
"""Hounsfield units kept: air to dense bone's lower end, as the method has it; everything outside is clipped."""

ORIENTATION = "RAS"

Array = TypeVar("Array", torch.Tensor, NDArray[np.float32])


def to_unit_range(hu: Array) -> Array:
    """Clip Hounsfield units to :data:`HU_WINDOW` and scale them to 0 (air) .. 1."""
    low, high = HU_WINDOW
    unit: Array = (hu.clip(low, high) - low) / (high - low)  # type: ignore[assignment]  # NumPy's stubs widen float32 beside a float
    return unit


class CanonicalCTd(Compose):
    """Turn loaded CTs in Hounsfield units into canonical ones; invertible, so that labels come back to the scan's own grid.

    Values are clipped before they are resampled: padding as low as -3024 HU and metal as high as 3000 HU then cannot bleed into tissue.

    Args:
        keys: items to transform: ``MetaTensor`` in HU with a channel dimension, shape (1, ni, nj, nk), RAS affine.
        spacing_mm: edge of a voxel; coarser than :data:`SPACING_MM` only where a bundle says so (the lungs).
        label_keys: label maps on the same grids; resampled to the nearest neighbour and never rescaled.
    """

    def __init__(self, keys: Sequence[Hashable] | Hashable, spacing_mm: float = SPACING_MM, label_keys: Sequence[Hashable] = ()) -> None:
        low, high = HU_WINDOW
        images = tuple(keys) if isinstance(keys, (list, tuple)) else (keys,)
        labels = tuple(label_keys)
        both = images + labels
        super().__init__(
            [
                ScaleIntensityRanged(keys=images, a_min=low, a_max=high, b_min=0.0, b_max=1.0, clip=True),
                Orientationd(keys=both, axcodes=ORIENTATION, labels=None),
                Spacingd(
                    keys=both,
                    pixdim=(spacing_mm,) * 3,
                    mode=["bilinear"] * len(images) + ["nearest"] * len(labels),
                    padding_mode="border",
                    dtype=np.float32,  # the default, double precision, takes twice as long and changes no digit that matters here
                ),
            ]
        )
