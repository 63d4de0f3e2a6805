"""The baseline: a small 2-D CNN that sees one slice."""

from __future__ import annotations

import torch
from torch import nn

SLICE_SIZE = 64
"""Edge in voxels of the axial slice that the network sees."""


class SliceCNN(nn.Module):
    """Answer one yes-or-no question from one axial slice of 64 mm.

    Convolution 32, pooling, convolution 64, pooling, dense 128, one answer. It is kept to show what three dimensions, context and several
    questions at once are worth. The answer is a logit: its sigmoid is the probability, and binary cross-entropy on logits is the same loss,
    computed stably.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),  # 32
            nn.Conv2d(32, 64, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),  # 16
        )
        self.answer = nn.Sequential(nn.Flatten(), nn.Linear(64 * (SLICE_SIZE // 4) ** 2, 128), nn.ReLU(inplace=True), nn.Linear(128, 1))

    def forward(self, slices: torch.Tensor) -> torch.Tensor:
        """Logits, shape (batch, 1), of canonical CT slices (batch, 1, 64, 64)."""
        logits: torch.Tensor = self.answer(self.features(slices))
        return logits
