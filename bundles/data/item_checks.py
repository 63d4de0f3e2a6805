"""What training refuses: images and boxes that would spoil it, told in one line that names the file."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.transforms import MapTransform

from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.data.box_on_grid import lies_outside
from nodulescope.bundles.errors import InputError

_SEE_ALL = "`nodulescope data check` lists all of them"


class CheckedImaged(MapTransform):
    """Refuse images with NaN or infinite voxels: one of them turns every weight of a network into NaN.

    Args:
        keys: ``MetaTensor`` of any shape, as ``LoadImaged`` leaves them.
        allow_missing_keys: pass over items without the key.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Give the item back unchanged.

        Raises:
            InputError: a voxel is NaN or infinite.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            wrong = int((~torch.isfinite(torch.as_tensor(item[key]))).sum())
            if wrong:
                remedy = "replace them by air (-1000 HU) or remove the item"
                raise InputError(f"{_file(item[key])}: holds NaN or infinite voxels ({wrong}); {remedy}; {_SEE_ALL}")
        return item


class CheckedBoxesd(MapTransform):
    """Refuse boxes that are no boxes, or that lie wholly outside their image.

    To be placed between ``EnsureChannelFirstd`` and whatever moves, turns or crops the image.

    Args:
        keys: boxes (n, 6), centre and edges in LPS mm, as a datalist has them.
        image_key: the image, ``MetaTensor`` (1, ni, nj, nk) with an axis-parallel RAS affine.
    """

    def __init__(self, keys: Sequence[Hashable] | Hashable = "box", image_key: str = "image") -> None:
        super().__init__(keys)
        self.image_key = image_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Give the item back unchanged.

        Raises:
            InputError: a box is not six finite numbers, has no extent, or lies outside the image.
        """
        item = dict(data)
        image = item[self.image_key]
        affine = swap_ras_lps(image.affine.numpy())
        for key in self.key_iterator(item):
            for number, box in enumerate(item[key], 1):
                wrong = _what_is_wrong([float(value) for value in box], affine, image.shape[1:])
                if wrong:
                    raise InputError(f"{_file(image)}: box {number} of its item {wrong}; {_SEE_ALL}")
        return item


def _what_is_wrong(box: list[float], affine_lps: Any, shape: Sequence[int]) -> str:
    if len(box) != 6 or not all(math.isfinite(value) for value in box):
        return f"must be six finite numbers (LPS mm: centre, then edges), not {box}"
    place = ", ".join(f"{value:.1f}" for value in box)
    if min(box[3:]) <= 0:
        return f"({place}) has no extent; correct or remove the annotation"
    if lies_outside(box, affine_lps, shape):
        return f"({place} in LPS mm) lies outside the image; correct or remove the annotation"
    return ""


def _file(image: Any) -> str:
    """The file that a loaded image came from."""
    return str(getattr(image, "meta", {}).get("filename_or_obj", "an image of the datalist"))
