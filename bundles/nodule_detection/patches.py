"""Random patches of a scan with their boxes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.transforms import MapTransform, RandomizableTransform

from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS

SEEN_SHARE = 0.5
"""A nodule that a patch cuts keeps its box while at least this share of its volume is inside; less, and the place does not count."""


class RandBoxPatchesd(RandomizableTransform, MapTransform):
    """Draw patches around nodules and anywhere, each turned into one of the 48 orientations of a cube.

    Does what MONAI's ``RandCropBoxByPosNegLabeld`` with its box flips and turns does, without building masks of the whole scan for each
    draw, which took longer than the training step.

    Args:
        keys: the image, shape (1, x, y, z).
        size: voxels per edge of a patch.
        patches: how many.
        positive: chance that a patch lies around a box of the item; otherwise anywhere.
        box_key: boxes (n, 6), corners in voxels.
        class_key: their classes (n,).
    """

    def __init__(
        self, keys: Hashable, size: int, patches: int, positive: float, box_key: str = "box", class_key: str = "box_class"
    ) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self, prob=1.0)
        self.size, self.patches, self.positive = size, patches, positive
        self.box_key, self.class_key = box_key, class_key

    def __call__(self, data: Mapping[Hashable, Any]) -> list[dict[Hashable, Any]]:
        """Patches as items of their own: image (1, size, size, size) float32, its boxes and classes."""
        return [self._patch(data) for _ in range(self.patches)]

    def _patch(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        image = torch.as_tensor(data[self.first_key(dict(data))])
        image = image.as_tensor() if hasattr(image, "as_tensor") else image
        boxes = torch.as_tensor(data[self.box_key]).reshape(-1, 6).float()
        classes = torch.as_tensor(data[self.class_key]).long()
        start = self._start(torch.tensor(image.shape[1:]), boxes)
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

    def _start(self, shape: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        if len(boxes) and self.R.random() < self.positive:
            box = boxes[int(self.R.randint(len(boxes)))]
            reach = self.size / 2.0 - 8.0  # the centre stays 8 voxels inside the patch
            center = (box[:3] + box[3:]) / 2.0 + torch.as_tensor(self.R.uniform(-reach, reach, 3)).float()
            start = (center - self.size / 2.0).round().long()
        else:
            room = (shape - self.size).clamp(min=0)
            start = torch.as_tensor([int(self.R.randint(int(r) + 1)) for r in room])
        return torch.minimum(start, (shape - self.size).clamp(min=0)).clamp(min=0)


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
