"""Networks that follow rules instead of training, for bundles whose answers can be foreseen.

Each has one weight, so that there is a file of them.

They see canonical CTs: -1000 to 400 HU scaled to 0..1.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import avg_pool3d

TISSUE = 600 / 1400
"""-400 HU: lung is lighter, everything else denser."""


class Rule(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.limit = nn.Parameter(torch.tensor(TISSUE))


class LightIsLung(Rule):
    """What is light is lung, the right one to the patient's right of the middle of all that is dense (scans come padded)."""

    def forward(self, scan: torch.Tensor) -> torch.Tensor:
        light = 40.0 * (self.limit - scan)
        position = torch.arange(scan.shape[2], dtype=torch.float32).reshape(-1, 1, 1).expand_as(light)
        to_the_right = position > position[light < 0].mean()
        never = torch.full_like(light, -40.0)
        return torch.cat([torch.zeros_like(light), torch.where(to_the_right, light, never), torch.where(to_the_right, never, light)], dim=1)


class SpotsAreNodules(Rule):
    """A place that is brighter than its surroundings is a nodule: the anchor at the place says so, no other does."""

    spatial_dims, num_classes, num_anchors, size_divisible = 3, 1, 2, 16
    cls_key, box_reg_key = "classification", "box_regression"

    def forward(self, image: torch.Tensor) -> dict[str, list[torch.Tensor]]:
        contrast = avg_pool3d(image, 5, stride=4, padding=2) - avg_pool3d(image, 21, stride=4, padding=10)
        spots = 40.0 * (contrast - 0.9 * self.limit)
        sizes = [[n // stride for n in image.shape[2:]] for stride in (4, 8, 16)]
        logits = [torch.full((len(image), 2, *size), -20.0) for size in sizes]
        logits[0][:, :1] = spots
        return {self.cls_key: logits, self.box_reg_key: [torch.zeros(len(image), 12, *size) for size in sizes]}


class DenseIsNodule(Rule):
    """What is dense belongs to the nodule."""

    def forward(self, cubes: torch.Tensor) -> torch.Tensor:
        return 20.0 * (cubes - self.limit)


class DenseIsSuspicious(Rule):
    """The denser the middle and the cube, the more malignant."""

    def forward(self, cubes: torch.Tensor) -> torch.Tensor:
        inner = slice(cubes.shape[-1] // 2 - 3, cubes.shape[-1] // 2 + 3)
        middle = cubes[:, :, inner, inner, inner].mean(dim=(2, 3, 4))
        whole = cubes.mean(dim=(2, 3, 4))
        answers = torch.cat([20.0 * (middle - self.limit), 10.0 * (whole - 0.12), *[whole] * 8], dim=1)
        return answers[..., None, None, None]
