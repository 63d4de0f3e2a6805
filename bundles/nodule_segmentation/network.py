"""A U-Net that knows where the middle of its cube is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks.nets import UNet
from torch import nn

CUE_MM = 4.0
"""Width (standard deviation) of the cue: about the radius of a common nodule."""


class CenteredUNet(nn.Module):
    """Outline the one thing in the middle of a cube, and none of the others that look like it.

    A convolution does not know where it is. The network is therefore shown, beside the CT, a soft ball around the middle of the cube it is
    given; without it, it has to guess the middle from the padding at the borders.

    Args:
        channels: features of each resolution, the first one after the first stride.
        strides: between resolutions.
    """

    def __init__(self, channels: Sequence[int] = (16, 32, 64), strides: Sequence[int] = (2, 2)) -> None:
        super().__init__()
        self.unet = UNet(3, in_channels=2, out_channels=1, channels=channels, strides=strides, num_res_units=1, norm="batch")

    def forward(self, cubes: torch.Tensor) -> torch.Tensor:
        """Logits of the outline.

        Args:
            cubes: canonical CT, shape (batch, 1, x, y, z), the place in question in the middle.

        Returns:
            Same shape.
        """
        logits: torch.Tensor = self.unet(torch.cat([cubes, _cue(cubes)], dim=1))
        return logits


def _cue(cubes: torch.Tensor) -> torch.Tensor:
    """A ball of height 1 around the middle, shape of the cubes; separable, so it costs nothing."""
    cue = torch.ones_like(cubes)
    for axis, size in enumerate(cubes.shape[2:], start=2):
        offset = torch.arange(size, device=cubes.device, dtype=cubes.dtype) - (size - 1) / 2.0
        cue = cue * torch.exp(-0.5 * (offset / CUE_MM) ** 2).reshape([-1 if a == axis else 1 for a in range(cubes.ndim)])
    return cue
