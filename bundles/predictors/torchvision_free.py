"""MONAI's ResNet feature pyramids where torchvision is missing.

MONAI 1.6 takes two small pieces of torchvision to build the backbone of its own Model Zoo detector: a module that returns inner layers,
and a check of how many layers are trained. torchvision has no CPU build beside every torch, so the same two pieces are offered here; with
a working torchvision nothing is changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from importlib.util import find_spec
from types import SimpleNamespace

import torch
from monai.apps.detection.networks import retinanet_network
from monai.networks.blocks import backbone_fpn_utils
from torch import nn


class InnerLayers(nn.ModuleDict):
    """The children of a network up to the last one that is wanted; returns the wanted ones' outputs under new names.

    Args:
        network: applied child by child.
        return_layers: child's name to name of its output.
    """

    def __init__(self, network: nn.Module, return_layers: Mapping[str, str]) -> None:
        wanted = set(return_layers)
        children: OrderedDict[str, nn.Module] = OrderedDict()
        for name, child in network.named_children():
            children[name] = child
            wanted.discard(name)
            if not wanted:
                break
        super().__init__(children)
        self.return_layers = dict(return_layers)

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Outputs of the wanted layers, in order."""
        outputs: OrderedDict[str, torch.Tensor] = OrderedDict()
        for name, child in self.items():
            features = child(features)
            if name in self.return_layers:
                outputs[self.return_layers[name]] = features
        return outputs


def _trainable_layers(is_trained: bool, trainable: int | None, max_value: int, default_value: int) -> int:
    if not is_trained:
        return max_value
    return default_value if trainable is None else trainable


def allow_resnet_pyramids() -> None:
    """Let MONAI build ResNet feature pyramids without torchvision."""
    if find_spec("torchvision") is None:
        backbone_fpn_utils.torchvision_models = SimpleNamespace(_utils=SimpleNamespace(IntermediateLayerGetter=InnerLayers))
        retinanet_network._validate_trainable_layers = _trainable_layers  # noqa: SLF001  the name by which MONAI imports it
