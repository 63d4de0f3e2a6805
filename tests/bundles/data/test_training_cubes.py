from __future__ import annotations

from typing import Any

import numpy as np
import torch
from monai.utils import set_determinism

from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.data.training_cubes import SHIFT_MM, augmented_cube_transforms, cached_cube_transforms, fixed_cube_transforms


def cached(small_data: Any, *, nodule: bool) -> Any:
    items = [i for part in ("training", "validation") for i in read_datalist(small_data.cubes, part) if bool(i["nodule"]) == nodule]
    return cached_cube_transforms(outline=True)(items[-1])


def test_cubes_are_canonical_and_every_one_has_an_outline(small_data: Any) -> None:
    with_nodule, without = cached(small_data, nodule=True), cached(small_data, nodule=False)
    for item in (with_nodule, without):
        assert item["image"].shape == item["label"].shape == (1, 64, 64, 64)
        assert (item["image"].dtype, item["label"].dtype) == (torch.float16, torch.uint8)
    np.testing.assert_allclose(float(with_nodule["image"].float()[with_nodule["label"] > 0].mean()), 1020 / 1400, atol=1e-3)  # 20 HU
    assert int(without["label"].sum()) == 0


def test_the_middle_of_the_cube_for_validation(small_data: Any) -> None:
    item = cached(small_data, nodule=True)
    fixed: Any = fixed_cube_transforms(46, outline=True)(item)
    assert torch.equal(torch.as_tensor(fixed["image"]), torch.as_tensor(item["image"])[:, 9:55, 9:55, 9:55].float())


def test_augmentation_moves_outline_and_nodule_together_and_not_far(small_data: Any) -> None:
    item = cached(small_data, nodule=True)
    draw = augmented_cube_transforms(46, outline=True)
    set_determinism(seed=2)
    try:
        for _ in range(5):
            drawn: Any = draw(dict(item))  # type: ignore[call-overload]
            assert drawn["image"].shape == drawn["label"].shape == (1, 46, 46, 46)
            inside = torch.as_tensor(drawn["label"])[0] > 0.5
            middle = inside.nonzero().float().mean(dim=0)
            assert float((middle - 22.5).abs().max()) < SHIFT_MM * 1.3 * 3**0.5
            image = torch.as_tensor(drawn["image"])[0]
            assert float(image[inside].mean()) > 0.5 > 0.3 > float(image[~inside].mean())
    finally:
        set_determinism(seed=None)
