"""From a datalist's items to batches of cubes and readers' ratings."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.transforms import MapTransform

from nodulescope.bundles.nodule_grading.ratings import pack_ratings


class PackRatingsd(MapTransform):
    """Turn an item's ratings (a list of readers, or nothing) into a tensor of fixed shape, NaN where nobody rated."""

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace each key's list by a tensor (4, 8); see :func:`pack_ratings`."""
        item = dict(data)
        for key in self.keys:
            item[key] = pack_ratings(item.get(key) or ())
        return item


def prepare_batch(
    batch: Mapping[str, torch.Tensor], device: torch.device | None = None, non_blocking: bool = False, **kwargs: Any
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """A batch as MONAI's engines want it: cubes (batch, 1, x, y, z), and targets as :class:`RatingsLoss` takes them."""
    target = {key: torch.as_tensor(batch[key]).to(device=device, non_blocking=non_blocking) for key in ("nodule", "ratings")}
    return batch["image"].to(device=device, non_blocking=non_blocking, **kwargs), target
