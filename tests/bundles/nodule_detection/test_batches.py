from __future__ import annotations

from typing import Any

import numpy as np
import torch
from monai.utils import set_determinism

from nodulescope.bundles.coordinates import swap_ras_lps, world_to_index
from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.nodule_detection.batches import LUNG_MARGIN_MM, cached_scan_transforms, prepare_batch
from nodulescope.bundles.nodule_detection.patches import augmented_patch_transforms


def test_boxes_fall_on_the_nodule_in_the_canonical_ct(small_data: Any) -> None:
    item: Any = cached_scan_transforms()(read_datalist(small_data.scans, "training")[0])
    assert set(item) == {"image", "box", "box_class"}
    assert item["image"].dtype == torch.float16
    middle = world_to_index(swap_ras_lps(item["image"].affine.numpy()), small_data.nodule_lps_mm)
    np.testing.assert_allclose(item["box"][0], [*(middle - 6.0), *(middle + 6.0)], atol=0.01)
    corner = [round(float(v)) for v in item["box"][0]]
    nodule = item["image"][0, corner[0] + 3 : corner[3] - 2, corner[1] + 3 : corner[4] - 2, corner[2] + 3 : corner[5] - 2]
    assert float(nodule.float().mean()) > 0.7  # 30 HU; lung is 0.1


def test_scans_are_cut_to_the_lungs_and_a_margin(small_data: Any) -> None:
    item: Any = cached_scan_transforms()(read_datalist(small_data.scans, "training")[0])
    # Lungs span 74 mm from side to side in a scan of 95 mm: the margin of 12 mm would leave it on both sides.
    assert LUNG_MARGIN_MM == 12
    assert item["image"].shape[1] <= 96
    assert item["image"].shape[2] <= 56 + 2 * LUNG_MARGIN_MM + 2


def test_patches_carry_their_boxes_along(small_data: Any) -> None:
    item: Any = cached_scan_transforms()(read_datalist(small_data.scans, "training")[0])
    set_determinism(seed=1)
    try:
        patches: Any = augmented_patch_transforms(48, patches=4, positive=1.0)(item)
    finally:
        set_determinism(seed=None)
    assert len(patches) == 4
    with_box = [p for p in patches if len(p["box"])]
    assert len(with_box) == 4
    for patch in with_box:
        assert patch["image"].shape == (1, 48, 48, 48)
        assert patch["image"].dtype == torch.float32
        low, high = np.asarray(patch["box"][0][:3]), np.asarray(patch["box"][0][3:])
        np.testing.assert_allclose(high - low, 12.0, atol=0.1)
        i, j, k = np.rint((low + high) / 2).astype(int)
        assert float(patch["image"][0, i - 2 : i + 3, j - 2 : j + 3, k - 2 : k + 3].mean()) > 0.5


def test_a_scans_patches_become_images_of_their_own() -> None:
    def item() -> dict[str, torch.Tensor]:
        return {"image": torch.rand(1, 8, 8, 8), "box": torch.zeros(0, 6), "box_class": torch.zeros(0, dtype=torch.int64)}

    images, targets, arguments, keywords = prepare_batch([[item(), item()], [item()]])
    assert len(images) == len(targets) == 3
    assert arguments == (targets,)
    assert keywords == {}
    assert len(prepare_batch([item()])[0]) == 1
