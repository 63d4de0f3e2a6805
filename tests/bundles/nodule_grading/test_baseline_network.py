from __future__ import annotations

import torch
from torch import nn

from nodulescope.bundles.nodule_grading.baseline_network import SliceCNN


def test_layers_are_those_of_the_method() -> None:
    network = SliceCNN()
    convolutions = [m.out_channels for m in network.modules() if isinstance(m, nn.Conv2d)]
    dense = [(m.in_features, m.out_features) for m in network.modules() if isinstance(m, nn.Linear)]
    assert convolutions == [32, 64]
    assert dense == [(64 * 16 * 16, 128), (128, 1)]
    assert sum(isinstance(m, nn.MaxPool2d) for m in network.modules()) == 2


def test_one_answer_per_slice() -> None:
    assert SliceCNN()(torch.rand(3, 1, 64, 64)).shape == (3, 1)


def test_it_learns_to_tell_bright_from_dark() -> None:
    torch.manual_seed(0)
    network = SliceCNN()
    bright = torch.arange(16) % 2
    slices = torch.rand(16, 1, 64, 64) * 0.2 + 0.5 * bright.reshape(-1, 1, 1, 1)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(10):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(network(slices)[:, 0], bright.float()).backward()
        optimizer.step()
    assert torch.equal(network(slices)[:, 0] > 0, bright > 0)
