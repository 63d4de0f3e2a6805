"""Random patches of a scan with their boxes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.transforms import Compose, MapTransform, RandGaussianSmoothd, RandomizableTransform, RandScaleIntensityd, RandShiftIntensityd

from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS

SEEN_SHARE = 0.5
"""A nodule that a patch cuts keeps its box while at least this share of its volume is inside; less, and the place does not count."""


PLACE_CLASS = 2
"""Class of boxes that only say where to draw patches; no patch has them. :mod:`~nodulescope.bundles.nodule_detection.hard_negatives`
puts them among the boxes of a datalist's item, so that they come along into voxels."""

KEPT_INSIDE = 8.0
"""Voxels between a patch's border and the centre of what it is drawn around, so that there is something to see on all sides."""


def augmented_patch_transforms(size: int, patches: int, positive: float, hard: float = 0.0) -> Compose:
    """What is drawn anew in every epoch: patches of a scan, half turns and quarter turns, brightness, contrast, blur.

    Args:
        size: voxels per edge of a patch.
        patches: patches per scan and epoch.
        positive: see :class:`RandBoxPatchesd`.
        hard: see :class:`RandBoxPatchesd`.
    """
    return Compose(
        [
            RandBoxPatchesd("image", size=size, patches=patches, positive=positive, hard=hard),
            RandScaleIntensityd("image", factors=0.1, prob=0.5),
            RandShiftIntensityd("image", offsets=0.03, prob=0.5),
            RandGaussianSmoothd("image", sigma_x=(0.3, 0.8), sigma_y=(0.3, 0.8), sigma_z=(0.3, 0.8), prob=0.15),
        ]
    )


class RandBoxPatchesd(RandomizableTransform, MapTransform):
    """Draw patches around nodules, around hard places and anywhere, each turned into one of the 48 orientations of a cube.

    Does what MONAI's ``RandCropBoxByPosNegLabeld`` with its box flips and turns does, without building masks of the whole scan for each
    draw, which took longer than the training step.

    Args:
        keys: the image, shape (1, x, y, z).
        size: voxels per edge of a patch.
        patches: how many.
        positive: chance that a patch which is not drawn around a hard place lies around a box of the item; otherwise it lies anywhere.
        hard: chance that a patch lies around a box of :data:`PLACE_CLASS`, where the item has any.
        box_key: boxes (n, 6), corners in voxels.
        class_key: their classes (n,).
    """

    def __init__(
        self,
        keys: Hashable,
        size: int,
        patches: int,
        positive: float,
        hard: float = 0.0,
        box_key: str = "box",
        class_key: str = "box_class",
    ) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self, prob=1.0)
        self.size, self.patches, self.positive, self.hard = size, patches, positive, hard
        self.box_key, self.class_key = box_key, class_key

    def __call__(self, data: Mapping[Hashable, Any]) -> list[dict[Hashable, Any]]:
        """Patches as items of their own: image (1, size, size, size) float32, its boxes and classes."""
        return [self._patch(data) for _ in range(self.patches)]

    def _patch(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        image = torch.as_tensor(data[self.first_key(dict(data))])
        image = image.as_tensor() if hasattr(image, "as_tensor") else image
        boxes = torch.as_tensor(data[self.box_key]).reshape(-1, 6).float()
        classes = torch.as_tensor(data[self.class_key]).long()
        is_place = classes == PLACE_CLASS
        places, boxes, classes = boxes[is_place], boxes[~is_place], classes[~is_place]
        start = self._start(torch.tensor(image.shape[1:]), boxes, places)
        patch = _cut(image, start, self.size)
        boxes, classes = _boxes_inside(boxes, classes, start, self.size)
        order = [int(a) for a in self.R.permutation(3)]
        patch = patch.permute(0, *(1 + a for a in order))
        boxes = boxes.reshape(-1, 2, 3)[:, :, order]
        for axis in range(3):
            if self.R.random() < 0.5:
                patch = patch.flip(1 + axis)
                boxes[:, :, axis] = (self.size - 1.0 - boxes[:, :, axis]).flip(1)
        return {self.first_key(dict(data)): patch.float().contiguous(), self.box_key: boxes.reshape(-1, 6), self.class_key: classes}

    def _start(self, shape: torch.Tensor, boxes: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        room = (shape - self.size).clamp(min=0)
        if len(places) and self.R.random() < self.hard:
            start = self._around(places)
        elif len(boxes) and self.R.random() < self.positive:
            start = self._around(boxes)
        else:
            start = torch.as_tensor([int(self.R.randint(int(r) + 1)) for r in room])
        return torch.minimum(start, room).clamp(min=0)

    def _around(self, boxes: torch.Tensor) -> torch.Tensor:
        box = boxes[int(self.R.randint(len(boxes)))]
        reach = self.size / 2.0 - KEPT_INSIDE
        center = (box[:3] + box[3:]) / 2.0 + torch.as_tensor(self.R.uniform(-reach, reach, 3)).float()
        return (center - self.size / 2.0).round().long()


def _cut(image: torch.Tensor, start: torch.Tensor, size: int) -> torch.Tensor:
    x, y, z = (int(s) for s in start)
    patch = image[:, x : x + size, y : y + size, z : z + size]
    missing = [n for axis in (3, 2, 1) for n in (0, size - patch.shape[axis])]
    return torch.nn.functional.pad(patch, missing) if any(missing) else patch  # a scan smaller than a patch goes on as air


def _boxes_inside(boxes: torch.Tensor, classes: torch.Tensor, start: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    moved = boxes - start.repeat(2)
    clipped = moved.clamp(-0.5, size - 0.5)
    share = (clipped[:, 3:] - clipped[:, :3]).prod(1) / (moved[:, 3:] - moved[:, :3]).prod(1).clamp(min=1e-6)
    kept = share > 0
    return clipped[kept], torch.where(share >= SEEN_SHARE, classes, IGNORED_CLASS)[kept]
