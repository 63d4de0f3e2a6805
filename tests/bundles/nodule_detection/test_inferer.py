from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor

from nodulescope.bundles.nodule_detection.detector import NoduleDetector
from nodulescope.bundles.nodule_detection.inferer import DetectorInferer
from nodulescope.bundles.nodule_detection.network import NoduleRetinaNet


def make(window: int | None = None) -> NoduleDetector:
    torch.manual_seed(0)
    network = NoduleRetinaNet(num_anchors=2, channels=(8, 8, 16, 16), pyramid_channels=8)
    torch.nn.init.zeros_(network.classification_head.cls_logits.bias)  # untrained networks begin by finding nothing
    return NoduleDetector(network, window=window)


def test_the_networks_mode_decides_between_losses_and_findings() -> None:
    detector = make()
    inferer = DetectorInferer(detector, amp=False)
    image = MetaTensor(torch.rand(1, 32, 32, 32))
    target = {"box": torch.tensor([[10.0, 10, 10, 18, 18, 18]]), "box_class": torch.tensor([0])}
    losses = inferer([image], detector.network.train(), [target])
    assert set(losses) == {"classification", "box_regression"}
    with torch.no_grad():
        found = inferer([image], detector.network.eval(), [target])
    assert not detector.training
    assert set(found[0]) == {"box", "box_class", "box_class_scores"}


@torch.no_grad()
@pytest.mark.parametrize("amp", [False, True])
def test_one_window_sees_what_the_whole_sees(amp: bool) -> None:
    image = torch.rand(1, 48, 60, 64)
    whole, windows = make(), make(window=64)
    expected = DetectorInferer(whole, amp)([image], whole.network.eval())[0]
    found = DetectorInferer(windows, amp)([image], windows.network.eval())[0]
    assert len(found["box"]) == len(expected["box"]) > 10
    torch.testing.assert_close(found["box"], expected["box"], atol=0.02, rtol=0)
    torch.testing.assert_close(found["box_class_scores"], expected["box_class_scores"], atol=1e-3, rtol=0)
