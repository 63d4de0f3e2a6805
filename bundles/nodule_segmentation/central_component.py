"""The one outline that was asked for, among all that are in the cube."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import MapTransform
from skimage.measure import label


class CentralComponentd(MapTransform):
    """Keep the connected component nearest to the cube's centre, where the nodule was said to be; a neighbour may be larger.

    Masks (1, n, n, n) of 0 and 1; voxels that share a corner are connected. An empty mask stays empty.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Clear all other components of each key's mask."""
        item = dict(data)
        for key in self.key_iterator(item):
            mask = item[key]
            parts = label(np.asarray(mask.cpu())[0] > 0, connectivity=3)
            if parts.max() > 1:
                places = np.argwhere(parts)
                middle = (np.asarray(parts.shape) - 1) / 2.0
                nearest = places[((places - middle) ** 2).sum(axis=1).argmin()]
                keep = torch.from_numpy(parts == parts[tuple(nearest)])[None].to(mask.device)
                item[key] = mask * keep
        return item
