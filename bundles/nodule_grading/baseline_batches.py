"""From a datalist's cubes to the slices and the one question of the baseline."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from statistics import fmean
from typing import Any

import torch
from monai.transforms import MapTransform

from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS, UNDECIDED

QUESTIONS = ("nodule", "malignant")
"""Is there a nodule in the middle? Is the nodule in the middle rated above 3 (not below; cubes rated 3 on the mean are left out)?"""


def with_target(items: Iterable[Mapping[str, Any]], question: str) -> list[dict[str, Any]]:
    """Items of a cube datalist that answer a question, each with its ``target``, 1.0 for yes and 0.0 for no.

    Args:
        items: as :func:`~nodulescope.bundles.data.datalist.read_datalist` gives them.
        question: one of :data:`QUESTIONS`.

    Raises:
        UsageError: there is no such question.
    """
    if question not in QUESTIONS:
        raise UsageError(f"{question}: no question of the baseline; choose {' or '.join(QUESTIONS)}")
    answered = ((item, float(item["nodule"]) if question == "nodule" else _malignant(item)) for item in items)
    return [{"image": item["image"], "target": target} for item, target in answered if target is not None]


class CentralSliced(MapTransform):
    """Cut the axial slice through the middle out of cubes: (1, n, n, n) to (1, n, n)."""

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace each key's cube by its slice, a plain tensor."""
        item = dict(data)
        for key in self.key_iterator(item):
            cube = item[key].as_tensor() if hasattr(item[key], "as_tensor") else torch.as_tensor(item[key])
            item[key] = cube[..., cube.shape[-1] // 2].contiguous()
        return item


def prepare_batch(
    batch: Mapping[str, torch.Tensor], device: torch.device | None = None, non_blocking: bool = False, **kwargs: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch as MONAI's engines want it: slices (batch, 1, 64, 64) and targets (batch, 1)."""
    target = torch.as_tensor(batch["target"]).to(device=device, dtype=torch.float32, non_blocking=non_blocking)
    return batch["image"].to(device=device, non_blocking=non_blocking, **kwargs), target.reshape(-1, 1)


def _malignant(item: Mapping[str, Any]) -> float | None:
    column = READER_RATINGS.index("malignancy")
    given = [float(reader[column]) for reader in item.get("ratings", ()) if reader[column] is not None]
    mean = fmean(given) if given else math.nan
    return None if math.isnan(mean) or mean == UNDECIDED else float(mean > UNDECIDED)
