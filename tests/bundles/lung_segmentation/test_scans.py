from __future__ import annotations

from typing import Any

import numpy as np
import torch
from monai.utils import set_determinism

from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps
from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.lung_segmentation.scans import SPACING_MM, augmented_scan_transforms, cached_scan_transforms


def test_scans_and_labels_on_the_coarse_grid(small_data: Any) -> None:
    item: Any = cached_scan_transforms()(read_datalist(small_data.scans, "training")[0])
    image, label = item["image"], item["label"]
    assert image.shape == label.shape == (1, 32, 28, 27)  # 94.5 x 82.5 x 78 mm between the outer voxel centres, at 3 mm
    np.testing.assert_allclose(np.diag(image.affine)[:3], [SPACING_MM] * 3)
    assert 0.0 <= float(image.min()) < 0.01
    lung, body = image[label > 0], image[label == 0]
    assert abs(float(lung.median()) - 150 / 1400) < 0.01  # -850 HU
    assert float(body.max()) > 1000 / 1400
    for side, sign in ((1, -1), (2, 1)):
        indices = np.argwhere(np.asarray(label[0] == side))
        assert (index_to_world(swap_ras_lps(image.affine.numpy()), indices)[:, 0] * sign > 0).all()


def test_augmentation_never_swaps_the_sides(small_data: Any) -> None:
    item = cached_scan_transforms()(read_datalist(small_data.scans, "training")[0])
    set_determinism(seed=3)
    draw = augmented_scan_transforms(48)
    try:
        for _ in range(6):
            drawn: Any = draw(dict(item))  # type: ignore[call-overload]
            assert drawn["image"].shape == drawn["label"].shape == (1, 48, 48, 48)
            right, left = ((drawn["label"][0] == side).nonzero().float().mean(dim=0) for side in (1, 2))
            assert right[0] > left[0]  # RAS: the first axis runs from the patient's left to the right
            assert set(torch.unique(drawn["label"]).tolist()) <= {0.0, 1.0, 2.0}
    finally:
        set_determinism(seed=None)
