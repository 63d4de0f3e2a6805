"""From a detection datalist's items to patches with boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from monai.apps.detection.transforms.dictionary import (
    AffineBoxToImageCoordinated,
    ConvertBoxToStandardModed,
    StandardizeEmptyBoxd,
)
from monai.transforms import (
    CastToTyped,
    Compose,
    CropForegroundd,
    EnsureChannelFirstd,
    EnsureTyped,
    LoadImaged,
    SelectItemsd,
)

from nodulescope.bundles.data.item_checks import CheckedBoxesd, CheckedImaged
from nodulescope.bundles.preprocessing import CanonicalCTd

LUNG_MARGIN_MM = 12
"""What is searched beyond the lungs: room for nodules on the pleura."""


def cached_scan_transforms() -> Compose:
    """What is the same in every epoch: the canonical CT around the lungs, boxes in its voxels. Half precision halves the cache."""
    return Compose(
        [
            LoadImaged(["image", "label"], image_only=True),
            EnsureChannelFirstd(["image", "label"]),
            CheckedImaged("image"),
            CheckedBoxesd("box"),
            # One by one: CacheDataset takes any Compose for a random transform and would cache nothing after it.
            *CanonicalCTd("image", label_keys=["label"]).transforms,
            CropForegroundd(["image", "label"], source_key="label", margin=LUNG_MARGIN_MM, allow_smaller=True),
            EnsureTyped(["box"], dtype=torch.float32),
            EnsureTyped(["box_class"], dtype=torch.long),
            StandardizeEmptyBoxd(box_keys=["box"], box_ref_image_keys="image"),
            ConvertBoxToStandardModed(box_keys=["box"], mode="cccwhd"),
            AffineBoxToImageCoordinated(box_keys=["box"], box_ref_image_keys="image", affine_lps_to_ras=True),
            CastToTyped("image", dtype=torch.float16),
            SelectItemsd(["image", "box", "box_class"]),
        ]
    )


def prepare_batch(
    batch: Sequence[Mapping[str, Any]] | Sequence[Sequence[Mapping[str, Any]]],
    device: torch.device | None = None,
    non_blocking: bool = False,
    **_: Any,
) -> tuple[list[torch.Tensor], list[dict[str, torch.Tensor]], tuple[list[dict[str, torch.Tensor]]], dict[str, Any]]:
    """Images, targets, and the targets once more as the inferer's argument; a scan's patches become images of their own."""
    items: list[Mapping[str, Any]] = []
    for entry in batch:
        items.extend(entry if isinstance(entry, (list, tuple)) else [entry])  # type: ignore[list-item]
    images = [item["image"].to(device=device, non_blocking=non_blocking) for item in items]
    targets = [{key: torch.as_tensor(item[key]).to(device=device) for key in ("box", "box_class")} for item in items]
    return images, targets, (targets,), {}
