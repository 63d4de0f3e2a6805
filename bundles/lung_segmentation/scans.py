"""From a datalist's scans to what the lung network sees: the whole chest on a coarse grid."""

from __future__ import annotations

import torch
from monai.transforms import (
    CastToTyped,
    Compose,
    EnsureChannelFirstd,
    LoadImaged,
    RandAffined,
    RandCoarseDropoutd,
    RandGaussianNoised,
    RandGaussianSmoothd,
    RandScaleIntensityd,
    RandShiftIntensityd,
    RandSpatialCropd,
    SelectItemsd,
    SpatialPadd,
)

from nodulescope.bundles.data.item_checks import CheckedImaged
from nodulescope.bundles.preprocessing import CanonicalCTd

SPACING_MM = 3.0
"""Coarse on purpose: lungs are large, the whole chest then passes through the network at once, and left and right are never confused."""

CONSOLIDATED = (0.7, 0.78)
"""Canonical values of airless lung: -20 to 90 HU."""


def cached_scan_transforms() -> Compose:
    """What is the same in every epoch: load CT and lung labels, bring them to the coarse grid."""
    return Compose(
        [
            LoadImaged(["image", "label"], image_only=True),
            EnsureChannelFirstd(["image", "label"]),
            CheckedImaged("image"),
            # One by one: CacheDataset takes any Compose for a random transform and would cache nothing after it.
            *CanonicalCTd("image", spacing_mm=SPACING_MM, label_keys=["label"]).transforms,
            CastToTyped(["image", "label"], dtype=[torch.float32, torch.uint8]),
            SelectItemsd(["image", "label"]),
        ]
    )


def augmented_scan_transforms(size: int) -> Compose:
    """What is drawn anew in every epoch: patients turned, larger and smaller; part of the chest cut off; brightness, noise, blur.

    Never mirrored: left stays left.

    Args:
        size: voxels per edge of the piece that is trained on.
    """
    keys = ["image", "label"]
    return Compose(
        [
            SpatialPadd(keys, spatial_size=(size,) * 3),
            RandAffined(
                keys,
                prob=0.9,
                rotate_range=(0.2, 0.2, 0.35),
                scale_range=((-0.25, 0.25),) * 3,
                translate_range=(10, 10, 20),
                mode=["bilinear", "nearest"],
                padding_mode="zeros",
            ),
            RandSpatialCropd(keys, roi_size=(size,) * 3, random_size=False),
            # Consolidation, effusion, tumour: what is dense inside a lung is lung all the same.
            RandCoarseDropoutd("image", holes=1, max_holes=6, spatial_size=4, max_spatial_size=18, fill_value=CONSOLIDATED, prob=0.5),
            RandScaleIntensityd("image", factors=0.15, prob=0.5),
            RandShiftIntensityd("image", offsets=0.05, prob=0.5),
            RandGaussianNoised("image", std=0.04, prob=0.4),
            RandGaussianSmoothd("image", sigma_x=(0.3, 0.8), sigma_y=(0.3, 0.8), sigma_z=(0.3, 1.2), prob=0.3),
        ]
    )
