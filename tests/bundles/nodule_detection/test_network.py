from __future__ import annotations

import pytest
import torch

from nodulescope.bundles.nodule_detection.network import STRIDES, NoduleRetinaNet


@pytest.fixture
def network() -> NoduleRetinaNet:
    torch.manual_seed(0)
    return NoduleRetinaNet(num_anchors=2, channels=(8, 8, 16, 16), pyramid_channels=8).eval()


@torch.no_grad()
def test_maps_of_every_level(network: NoduleRetinaNet) -> None:
    maps = network(torch.rand(2, 1, 32, 48, 16))
    for level, stride in enumerate(STRIDES):
        grid = (32 // stride, 48 // stride, 16 // stride)
        assert maps["classification"][level].shape == (2, 2, *grid)
        assert maps["box_regression"][level].shape == (2, 12, *grid)


@torch.no_grad()
def test_answers_keep_single_precision_under_autocast(network: NoduleRetinaNet) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        maps = network(torch.rand(1, 1, 32, 32, 32))
    assert {m.dtype for levels in maps.values() for m in levels} == {torch.float32}


@torch.no_grad()
def test_far_parts_of_a_scan_do_not_matter(network: NoduleRetinaNet) -> None:
    """In evaluation the encoder normalises point by point: features at one end cannot see a change at the other."""
    scan = torch.rand(1, 1, 256, 32, 32)
    changed = scan.clone()
    changed[:, :, 192:] = 0.0
    fine, other = (network.feature_extractor(s)[0] for s in (scan, changed))
    assert torch.equal(fine[:, :, :4], other[:, :, :4])
    assert not torch.equal(fine[:, :, -4:], other[:, :, -4:])
