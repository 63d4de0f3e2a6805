"""The detector's network: MONAI's RetinaNet heads and feature pyramid on a small residual encoder made for 1 mm CT."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from monai.apps.detection.networks.retinanet_network import RetinaNet
from monai.networks.blocks.feature_pyramid_network import FeaturePyramidNetwork
from torch import nn

STRIDES = (4, 8, 16)
"""Distance in voxels between neighbouring anchors on the three levels of the pyramid."""


class NoduleRetinaNet(RetinaNet):
    """RetinaNet for one class (nodule) in three dimensions.

    A stride-2 stem keeps a whole lung at 1 mm within seconds on two CPU cores; the pyramid's finest level then has one anchor position
    every 4 mm, the density that LUNA16 detectors commonly use for nodules from 3 mm up.

    Args:
        num_anchors: anchor shapes at each position of each level.
        channels: features at strides 2, 4, 8 and 16.
        pyramid_channels: features of every pyramid level; a multiple of 8 (the heads normalise in 8 groups).
    """

    def __init__(self, num_anchors: int = 1, channels: Sequence[int] = (24, 48, 96, 128), pyramid_channels: int = 48) -> None:
        super().__init__(
            spatial_dims=3,
            num_classes=1,
            num_anchors=num_anchors,
            feature_extractor=PyramidEncoder(channels, pyramid_channels),
            size_divisible=STRIDES[-1],
        )
        for head in (self.classification_head, self.regression_head):
            _drop_group_norm(head)

    def forward(self, images: torch.Tensor) -> dict[str, list[torch.Tensor]]:
        """Class logits and box offsets of every level, in single precision.

        Args:
            images: canonical CTs (batch, 1, x, y, z), edges multiples of 16.

        Returns:
            ``classification``: per level (batch, anchors, x/s, y/s, z/s); ``box_regression``: per level (batch, 6 * anchors, ...).
        """
        outputs = super().forward(images)
        # Box corners reach 400 voxels: under autocast they would keep 8 bits, steps of 2 mm.
        return {key: [level.float() for level in levels] for key, levels in outputs.items()}


class PyramidEncoder(nn.Module):
    """Residual encoder with a feature pyramid on top.

    Args:
        channels: features at strides 2, 4, 8 and 16.
        out_channels: features of every pyramid level.
    """

    def __init__(self, channels: Sequence[int], out_channels: int) -> None:
        super().__init__()
        self.out_channels = out_channels
        stem, *deeper = channels
        self.stem = nn.Sequential(
            nn.Conv3d(1, stem, kernel_size=5, stride=2, padding=2, bias=False),
            _norm(stem),
            nn.ReLU(inplace=True),
            ResidualBlock(stem, stem),
        )
        self.stages = nn.ModuleList()
        inputs = stem
        for outputs in deeper:
            self.stages.append(nn.Sequential(ResidualBlock(inputs, outputs, stride=2), ResidualBlock(outputs, outputs)))
            inputs = outputs
        self.fpn = FeaturePyramidNetwork(spatial_dims=3, in_channels_list=list(deeper), out_channels=out_channels)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Features at strides 4, 8 and 16 of an image (batch, 1, x, y, z) whose edges are multiples of 16."""
        features = self.stem(image)
        levels: OrderedDict[str, torch.Tensor] = OrderedDict()
        for number, stage in enumerate(self.stages):
            features = stage(features)
            levels[str(number)] = features
        return list(self.fpn(levels).values())


class ResidualBlock(nn.Module):
    """Two 3³ convolutions beside a shortcut (He et al., CVPR 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv3d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False),
            _norm(outputs),
            nn.ReLU(inplace=True),
            nn.Conv3d(outputs, outputs, kernel_size=3, padding=1, bias=False),
            _norm(outputs),
        )
        self.shortcut: nn.Module = (
            nn.Identity()
            if stride == 1 and inputs == outputs
            else nn.Sequential(nn.Conv3d(inputs, outputs, kernel_size=1, stride=stride, bias=False), _norm(outputs))
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Features of the same size, or of half of it with stride 2."""
        return torch.relu(self.body(features) + self.shortcut(features))


def _drop_group_norm(head: nn.Module) -> None:
    """Take the group normalisation out of a head of MONAI's, and start its convolutions so that signals keep their size without it.

    Group statistics run over the whole input: in a whole lung, heart and chest wall drown what they are in a small training patch.
    Without them a patch and a whole lung give the same answers, and small patches, which hold more nodules for the same work, can be
    trained on.
    """
    layers = head.conv
    assert isinstance(layers, nn.Sequential)
    for number, layer in enumerate(layers):
        if isinstance(layer, nn.GroupNorm):
            layers[number] = nn.Identity()
        elif isinstance(layer, nn.Conv3d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")


def _norm(channels: int) -> nn.Module:
    # Batch statistics, not group statistics: in evaluation they are constants, so a patch and a whole lung give the same features.
    return nn.BatchNorm3d(channels)
