"""The detector's classification loss."""

from __future__ import annotations

import torch
from monai.losses import FocalLoss
from torch import nn


class FocalLossPerNodule(nn.Module):
    """Focal loss (Lin et al., ICCV 2017) over all anchors, divided by the number of positive ones as in that paper.

    Every anchor teaches. Sampled hard negatives, the other usual way, left this network at the base rate for hundreds of steps: a nodule
    has a handful of positive anchors among tens of thousands.

    Args:
        gamma: how little well-answered anchors count.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.focal = FocalLoss(gamma=gamma, reduction="sum")

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Loss of anchors' logits (n, 1) against 1 (nodule) or 0."""
        total: torch.Tensor = self.focal(logits.float(), targets)
        return total / targets.sum().clamp(min=1.0)
