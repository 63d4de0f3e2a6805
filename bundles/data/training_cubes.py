"""What happens to a cube of a datalist on its way into the outline or the grading network."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.transforms import (
    CastToTyped,
    CenterSpatialCropd,
    Compose,
    EnsureChannelFirstd,
    LoadImaged,
    MapTransform,
    RandAffined,
    RandFlipd,
    RandGaussianSmoothd,
    RandScaleIntensityd,
    RandShiftIntensityd,
)

from nodulescope.bundles.data.item_checks import CheckedImaged
from nodulescope.bundles.preprocessing import CanonicalCTd

SHIFT_MM = 4.0
"""How far from the middle a nodule may lie: detectors and fingers do not hit the centre."""


class OutlineOrEmptyd(MapTransform):
    """Give items without a nodule an empty outline, so that every item of a batch has one."""

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Add an all-zero label of the image's shape where the item has none."""
        item = dict(data)
        for key in self.keys:
            if key not in item:
                item[key] = torch.zeros_like(item["image"])
        return item


def cached_cube_transforms(*, outline: bool) -> Compose:
    """What is the same in every epoch: load, make canonical. Half precision halves the cache.

    Args:
        outline: load the outlines too.
    """
    labels = ["label"] if outline else []
    return Compose(
        [
            LoadImaged(["image", *labels], ensure_channel_first=False, allow_missing_keys=True, image_only=True),
            EnsureChannelFirstd(["image", *labels], allow_missing_keys=True),
            CheckedImaged("image"),
            # One by one: CacheDataset takes any Compose for a random transform and would cache nothing after it.
            *CanonicalCTd("image").transforms,
            *([OutlineOrEmptyd("label")] if outline else []),
            CastToTyped(["image", *labels], dtype=[torch.float16] + [torch.uint8] * len(labels)),
        ]
    )


def augmented_cube_transforms(size: int, *, outline: bool, shift_mm: float = SHIFT_MM) -> Compose:
    """What is drawn anew in every epoch: any rotation and mirroring, shift, scale, brightness, contrast, blur.

    Args:
        size: voxels per edge of the cube that leaves.
        outline: move the outlines along.
        shift_mm: how far from the middle a nodule may lie.
    """
    keys = ["image", "label"] if outline else ["image"]
    return Compose(
        [
            CastToTyped(keys, dtype=torch.float32),
            RandFlipd(keys, prob=0.5, spatial_axis=0),
            RandAffined(
                keys,
                prob=1.0,
                rotate_range=(math.pi,) * 3,
                translate_range=(shift_mm,) * 3,
                scale_range=((-0.2, 0.25),) * 3,
                spatial_size=(size,) * 3,
                mode=["bilinear"] * len(keys),
                padding_mode="border",
                cache_grid=True,
            ),
            RandScaleIntensityd("image", factors=0.1, prob=0.5),
            RandShiftIntensityd("image", offsets=0.03, prob=0.5),
            RandGaussianSmoothd("image", sigma_x=(0.3, 0.9), sigma_y=(0.3, 0.9), sigma_z=(0.3, 0.9), prob=0.2),
        ]
    )


def fixed_cube_transforms(size: int, *, outline: bool) -> Compose:
    """For validation: the middle of the cube, unchanged."""
    keys = ["image", "label"] if outline else ["image"]
    return Compose([CastToTyped(keys, dtype=torch.float32), CenterSpatialCropd(keys, roi_size=(size,) * 3)])
