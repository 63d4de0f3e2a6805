"""From the lung network's answer to labels on the scan's own grid."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import MapTransform
from monai.transforms.utils import get_largest_connected_component_mask
from numpy.typing import NDArray
from scipy import ndimage

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
from nodulescope.bundles.lung_segmentation.scans import SPACING_MM

LOST_PIECE_ML = 20.0
"""A piece of lung this large is worth keeping; pieces of the windpipe and of bowel gas near the diaphragm are mostly smaller."""

LOST_PIECE_GAP_MM = {"upper": 30.0, "lower": 10.0}
"""Largest gap between a lost piece and its lung, in the upper and in the lower half of the lungs. Above, there is no gas but the lungs' and
the windpipe's; below, the stomach and the colon lie under a diaphragm that is not much thicker than this."""


class LungProbabilitiesd(MapTransform):
    """Logits (3, x, y, z) to the probabilities (2, x, y, z) of right and left lung, islands removed.

    What is called lung but is not connected with the rest of that lung (air in the bowel, in the mattress) becomes certain background. A
    large piece close to a lung is the lung's own: disease may cut an apex off, and the network may then take its side wrong. That happens
    on the coarse grid, where it takes little time. It holds on every finer grid too: linear interpolation between background gives
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
    """Probabilities (3, x, y, z) to those of right and left lung, zero on islands but for lost pieces, which join the lung beside them."""
    labels = np.asarray(probabilities.argmax(dim=0).cpu()).astype(np.uint8)
    main = np.zeros(labels.shape, np.uint8)
    for side in (RIGHT_LUNG, LEFT_LUNG):
        main[get_largest_connected_component_mask((labels == side)[None])[0] > 0] = side
    joined = _with_lost_pieces(main, labels)
    sides = torch.as_tensor(probabilities[[RIGHT_LUNG, LEFT_LUNG]]).clone()
    lung = sides.sum(dim=0)
    sides[:, torch.as_tensor((labels > 0) & (joined == 0), device=sides.device)] = 0.0
    moved = torch.as_tensor((joined > 0) & (joined != labels), device=sides.device)
    for channel, side in enumerate((RIGHT_LUNG, LEFT_LUNG)):
        own = torch.as_tensor(joined == side, device=sides.device)
        sides[channel][moved] = torch.where(own, lung, 0.0)[moved]
    return sides


def _with_lost_pieces(main: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The main parts of both lungs with the pieces that belong to them; a piece may hang on another piece. Axes: RAS, 3 mm."""
    joined = main.copy()
    islands, _ = ndimage.label((labels > 0) & (main == 0))
    sizes_ml = np.bincount(islands.ravel()) * SPACING_MM**3 / 1000.0
    pieces = {number for number in range(1, len(sizes_ml)) if sizes_ml[number] >= LOST_PIECE_ML}
    middle = np.flatnonzero(main.any(axis=(0, 1))).mean() if main.any() else 0.0
    reach = {n: LOST_PIECE_GAP_MM["upper" if np.nonzero(islands == n)[2].min() > middle else "lower"] for n in pieces}
    while pieces:
        far = {s: ndimage.distance_transform_edt(joined != s) * SPACING_MM for s in (RIGHT_LUNG, LEFT_LUNG) if (joined == s).any()}
        beyond, number, side = min((float(far[s][islands == n].min()) - reach[n], n, s) for n in pieces for s in far)
        if beyond > 0:
            break
        joined[islands == number] = side
        pieces.remove(number)
    return joined
