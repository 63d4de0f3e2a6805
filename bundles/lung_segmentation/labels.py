"""From the lung network's answer to labels on the scan's own grid."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.data import MetaTensor
from monai.transforms import MapTransform
from monai.transforms.utils import get_largest_connected_component_mask

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG


class LungProbabilitiesd(MapTransform):
    """Logits (3, x, y, z) to the probabilities (2, x, y, z) of right and left lung, islands removed.

    What is called lung but is not connected with the rest of that lung (air in the bowel, in the mattress) becomes certain background. That
    happens on the coarse grid, where it takes milliseconds. It holds on every finer grid too: linear interpolation between background gives
    background.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace each key's logits by probabilities; the rest of the item stays."""
        item = dict(data)
        for key in self.key_iterator(item):
            item[key] = _without_islands(torch.softmax(item[key].float(), dim=0))
        return item


class LungLabelsd(MapTransform):
    """Probabilities (2, ni, nj, nk) of right and left lung to labels (1, ni, nj, nk), uint8: the most probable answer."""

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace each key's probabilities by labels; the rest of the item stays."""
        item = dict(data)
        for key in self.key_iterator(item):
            right, left = item[key]
            elsewhere = 1.0 - right - left
            labels = torch.zeros_like(right, dtype=torch.uint8)
            labels[(right > elsewhere) & (right >= left)] = RIGHT_LUNG
            labels[(left > elsewhere) & (left > right)] = LEFT_LUNG
            item[key] = labels[None]
        return item


def _without_islands(probabilities: torch.Tensor) -> torch.Tensor:
    labels = probabilities.argmax(dim=0)
    sides = probabilities[[RIGHT_LUNG, LEFT_LUNG]].clone()
    for side in (RIGHT_LUNG, LEFT_LUNG):
        named = (labels == side)[None]
        named = named.as_tensor() if isinstance(named, MetaTensor) else named
        islands = named & ~torch.as_tensor(get_largest_connected_component_mask(named)).bool()
        sides[:, islands[0]] = 0.0
    return sides
