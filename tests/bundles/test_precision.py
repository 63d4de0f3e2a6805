from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor
from torch import nn

from nodulescope.bundles.precision import MixedPrecisionInferer, autocast, has_fast_bfloat16


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Conv3d(1, 2, 3)


@torch.no_grad()
def test_answers_are_single_precision_at_half_the_digits(network: nn.Module) -> None:
    cubes = torch.rand(1, 1, 5, 5, 5)
    exact, rounded = MixedPrecisionInferer(False)(cubes, network), MixedPrecisionInferer(True)(cubes, network)
    assert exact.dtype == rounded.dtype == torch.float32
    assert torch.equal(exact, network(cubes))
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, atol=0.02, rtol=0.02)
    assert torch.equal(rounded, rounded.bfloat16().float())


@torch.no_grad()
def test_metadata_stay_outside(network: nn.Module) -> None:
    """A loss that takes a batch apart would take its metadata apart too, which fails when two cubes differ in them."""
    answers = MixedPrecisionInferer()(MetaTensor(torch.rand(2, 1, 5, 5, 5)), network)
    assert type(answers) is torch.Tensor


def test_the_hardware_decides_when_nobody_else_does() -> None:
    cpu = torch.device("cpu")
    with autocast(cpu):
        assert torch.is_autocast_enabled("cpu") == has_fast_bfloat16(cpu)
    with autocast(cpu, enabled=False):
        assert not torch.is_autocast_enabled("cpu")
