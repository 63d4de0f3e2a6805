from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from nodulescope.bundles.data.item_checks import CheckedBoxesd, CheckedImaged
from nodulescope.bundles.errors import InputError

INSIDE = [-10.0, -10.0, 10.0, 4.0, 4.0, 4.0]


def loaded(**values: Any) -> dict[str, Any]:
    """20 mm of image: in RAS it begins at the origin, so in LPS x and y go down to -19."""
    image = MetaTensor(torch.zeros(1, 20, 20, 20), affine=torch.eye(4), meta={"filename_or_obj": "scans/a.nii.gz"})
    return {"image": image, "box": [INSIDE], **values}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_with_a_voxel_that_is_no_number_is_refused_with_its_file(value: float) -> None:
    item = loaded()
    item["image"][0, 3, 4, 5] = value
    with pytest.raises(InputError, match=r"^scans/a\.nii\.gz: holds NaN or infinite voxels \(1\); ") as caught:
        CheckedImaged("image")(item)
    assert "\n" not in str(caught.value)


def test_what_is_in_order_leaves_as_it_came() -> None:
    item = loaded()
    assert CheckedImaged(["image", "label"], allow_missing_keys=True)(item) == item
    assert CheckedBoxesd()(item) == item
    empty = loaded(box=[])
    assert CheckedBoxesd()(empty) == empty


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ([10.0, 10.0, 10.0, 4.0, 4.0, 4.0], "lies outside the image"),  # RAS written where LPS is meant
        ([-10.0, -10.0, 22.0, 4.0, 4.0, 4.0], "lies outside the image"),
        ([-10.0, -10.0, 10.0, 4.0, 0.0, 4.0], "has no extent"),
        ([-10.0, -10.0, 10.0, 4.0], "must be six finite numbers"),
        ([-10.0, -10.0, float("nan"), 4.0, 4.0, 4.0], "must be six finite numbers"),
    ],
)
def test_a_box_that_would_spoil_training_is_refused_with_its_file(box: list[float], message: str) -> None:
    with pytest.raises(InputError, match=rf"^scans/a\.nii\.gz: box 2 of its item .*{re.escape(message)}"):
        CheckedBoxesd()(loaded(box=[INSIDE, box]))


def test_a_box_that_is_only_cut_off_trains() -> None:
    item = loaded(box=[[-10.0, -10.0, 21.0, 4.0, 4.0, 4.0]])
    assert CheckedBoxesd()(item) == item
