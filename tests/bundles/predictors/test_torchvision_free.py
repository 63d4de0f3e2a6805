from __future__ import annotations

from importlib.util import find_spec

import pytest
import torch
from monai.apps.detection.networks.retinanet_network import resnet_fpn_feature_extractor
from monai.networks.nets.resnet import resnet10
from torch import nn

from nodulescope.bundles.predictors.torchvision_free import InnerLayers, allow_resnet_pyramids


def test_inner_layers_answer_under_their_new_names() -> None:
    torch.manual_seed(0)
    network = nn.Sequential()
    for name, layer in (("first", nn.Linear(2, 3)), ("second", nn.ReLU()), ("third", nn.Linear(3, 4)), ("last", nn.Linear(4, 1))):
        network.add_module(name, layer)
    inner = InnerLayers(network, {"second": "a", "third": "b"})
    features = torch.rand(5, 2)
    answers = inner(features)
    assert list(answers) == ["a", "b"]
    assert torch.equal(answers["a"], network[:2](features))
    assert torch.equal(answers["b"], network[:3](features))
    assert list(inner) == ["first", "second", "third"]  # what comes after is not kept


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is installed: nothing is replaced")
def test_monai_builds_a_resnet_pyramid_without_torchvision() -> None:
    allow_resnet_pyramids()
    allow_resnet_pyramids()  # a second bundle changes nothing
    backbone = resnet10(spatial_dims=3, n_input_channels=1, conv1_t_stride=[2, 2, 1], conv1_t_size=7)
    pyramid = resnet_fpn_feature_extractor(backbone, 3, False, [1, 2], None)
    with torch.no_grad():
        levels = pyramid.eval()(torch.rand(1, 1, 32, 32, 16))
    assert [tuple(level.shape[2:]) for level in levels.values()] == [(8, 8, 8), (4, 4, 4), (2, 2, 2)]
    assert all(p.requires_grad for p in pyramid.parameters())
