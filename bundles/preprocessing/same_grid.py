"""A network's answer on the grid of the image that it was given."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.data import MetaTensor
from monai.transforms import MapTransform


class OnSameGridd(MapTransform):
    """Give answers the affine of an image, so that they can be written as images themselves.

    Args:
        keys: tensors of shape (channels, ni, nj, nk).
        reference_key: ``MetaTensor`` of the same spatial shape.
    """

    def __init__(self, keys: Sequence[Hashable] | Hashable, reference_key: str) -> None:
        super().__init__(keys)
        self.reference_key = reference_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace each key's tensor by a ``MetaTensor`` on the CPU.

        Raises:
            ValueError: the shapes differ.
        """
        item = dict(data)
        reference: MetaTensor = item[self.reference_key]
        for key in self.key_iterator(item):
            values = torch.as_tensor(item[key]).cpu()
            if values.shape[1:] != reference.shape[1:]:
                raise ValueError(f"{key} has shape {tuple(values.shape[1:])}, {self.reference_key} {tuple(reference.shape[1:])}")
            item[key] = MetaTensor(values, meta=copy.deepcopy(reference.meta))
        return item
