"""C3D: a fully convolutional 3-D network with one head per question."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

RECEPTIVE_FIELD = 30
"""Edge in voxels of the cube that one answer sees; the smallest input."""

STRIDE = 4
"""Distance in voxels between neighbouring answers when a larger input is scanned."""


class C3D(nn.Module):
    """Grade a cube of 30 mm, or every cube of a larger volume at once.

    All convolutions are *valid* (no padding) and normalisation in evaluation is pointwise. An answer therefore depends on its own 30³
    voxels and on nothing else: scanning a volume densely gives exactly, and at a fraction of the cost, what cutting out every cube at
    stride 4 would.

    Args:
        out_channels: number of heads.
        channels: features of the first, the second, the third and fourth, and the last convolution.
        dropout: probability of dropping a feature before the heads, while training.
    """

    def __init__(self, out_channels: int, channels: Sequence[int] = (32, 64, 128, 256), dropout: float = 0.3) -> None:
        super().__init__()
        first, second, third, last = channels
        self.features = nn.Sequential(
            _block(1, first, pool=True),  # 30 -> 28 -> 14
            _block(first, second, pool=True),  # 12 -> 6
            _block(second, third),  # 4
            _block(third, third),  # 2
            _block(third, last, kernel_size=2),  # 1
            nn.Dropout3d(dropout),
        )
        self.heads = nn.Conv3d(last, out_channels, kernel_size=1)

    def forward(self, cubes: torch.Tensor) -> torch.Tensor:
        """Raw answers of all heads.

        Args:
            cubes: canonical CT, shape (batch, 1, x, y, z), each edge at least 30 voxels.

        Returns:
            Shape (batch, heads, 1 + (x - 30) // 4, ...): for 30³ cubes (batch, heads, 1, 1, 1).
        """
        answers: torch.Tensor = self.heads(self.features(cubes))
        return answers


def _block(inputs: int, outputs: int, *, kernel_size: int = 3, pool: bool = False) -> nn.Sequential:
    # Pooling comes right after the convolution: normalising an eighth of the voxels takes a third off the time of a training step.
    pooling = [nn.MaxPool3d(2)] if pool else []
    return nn.Sequential(nn.Conv3d(inputs, outputs, kernel_size, bias=False), *pooling, nn.BatchNorm3d(outputs), nn.ReLU(inplace=True))
