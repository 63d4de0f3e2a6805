from __future__ import annotations

import pytest
import torch

from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS
from nodulescope.bundles.nodule_detection.detector import ANCHOR_EDGES_MM, NEAR_MM, NoduleDetector
from nodulescope.bundles.nodule_detection.network import NoduleRetinaNet


@pytest.fixture
def detector() -> NoduleDetector:
    torch.manual_seed(0)
    network = NoduleRetinaNet(num_anchors=2, channels=(8, 8, 16, 16), pyramid_channels=8)
    torch.nn.init.zeros_(network.classification_head.cls_logits.bias)  # untrained networks begin by finding nothing
    return NoduleDetector(network)


def target(*boxes: tuple[float, float, int]) -> dict[str, torch.Tensor]:
    """Cubes given by centre, edge and class."""
    corners = [[c - e / 2] * 3 + [c + e / 2] * 3 for c, e, _ in boxes]
    return {"box": torch.tensor(corners).reshape(-1, 6), "box_class": torch.tensor([k for _, _, k in boxes], dtype=torch.int64)}


def matched(detector: NoduleDetector, *boxes: tuple[float, float, int]) -> tuple[torch.Tensor, torch.Tensor]:
    image = torch.zeros(1, 1, 64, 64, 64)
    maps = detector.network.eval()(image)
    detector.generate_anchors(image, {k: list(v) for k, v in maps.items()})
    assert detector.anchors is not None
    levels = [m[0, 0].numel() for m in maps["classification"]]
    return detector.compute_anchor_matched_idxs(detector.anchors, [target(*boxes)], levels)[0], detector.anchors[0]


def test_anchors_are_cubes_from_4_to_30_mm(detector: NoduleDetector) -> None:
    _, anchors = matched(detector, (32.0, 8.0, NODULE_CLASS))
    edges = anchors[:, 3:] - anchors[:, :3]
    torch.testing.assert_close(edges[:, 0], edges[:, 1])
    torch.testing.assert_close(edges[:, 0], edges[:, 2])
    wanted = sorted(2.0 * round(edge * scale / 2) for edge in ANCHOR_EDGES_MM for scale in (1, 2, 4))
    assert sorted(set(edges[:, 0].tolist())) == wanted == [4.0, 8.0, 10.0, 16.0, 20.0, 30.0]


@pytest.mark.parametrize("edge", [5.0, 8.0, 16.0, 28.0])
def test_anchors_answer_for_the_nodule_that_they_overlap(detector: NoduleDetector, edge: float) -> None:
    answer, anchors = matched(detector, (32.0, edge, NODULE_CLASS))
    positive = anchors[answer == 0]
    assert len(positive) >= 1
    centers = (positive[:, :3] + positive[:, 3:]) / 2
    assert float((centers - 32.0).abs().max()) <= max(edge, 8.0)
    assert int((answer == -1).sum()) > 0.8 * len(answer)


def test_anchors_in_an_ignored_box_count_neither_way(detector: NoduleDetector) -> None:
    answer, anchors = matched(detector, (16.0, 8.0, NODULE_CLASS), (44.0, 20.0, IGNORED_CLASS))
    centers = (anchors[:, :3] + anchors[:, 3:]) / 2
    ignored = ((centers >= 34.0) & (centers <= 54.0)).all(dim=1)
    assert ignored.any()
    assert (answer[ignored] == -2).all()
    assert int((answer == 0).sum()) >= 1
    assert (answer[answer >= 0] == 0).all()  # none answers for the ignored box
    far = ((centers - 16.0).abs().amax(dim=1) > 4.0 + NEAR_MM) & ((centers - 44.0).abs().amax(dim=1) > 10.0 + NEAR_MM)
    assert (answer[far] == -1).all()


def test_losses_can_be_trained_on_with_and_without_nodules(detector: NoduleDetector) -> None:
    detector.train()
    images = [torch.rand(1, 64, 64, 64)] * 2
    losses = detector(images, [target((32.0, 8.0, NODULE_CLASS)), target()])
    total = detector.loss(losses)
    assert float(total) == pytest.approx(float(losses["classification"] + losses["box_regression"]))
    total.backward()
    assert all(torch.isfinite(p.grad).all() for p in detector.network.parameters() if p.grad is not None)
    empty = detector([torch.rand(1, 64, 64, 64)], [target()])
    assert float(empty["box_regression"]) == 0.0


@torch.no_grad()
def test_findings_are_the_best_first_and_not_doubled(detector: NoduleDetector) -> None:
    found = detector.eval()([torch.rand(1, 40, 50, 60)])[0]
    assert set(found) == {"box", "box_class", "box_class_scores"}
    assert 1 <= len(found["box"]) <= 100
    assert (found["box_class_scores"].diff() <= 0).all()
    assert float(found["box"].min()) >= 0.0
    assert (found["box"][:, 3:] <= torch.tensor([40.0, 50.0, 60.0])).all()


@pytest.mark.parametrize("edge", [3.0, 3.5, 4.0, 6.0, 10.0, 18.0, 30.0])
def test_some_anchor_answers_for_a_nodule_of_any_size_wherever_it_lies(detector: NoduleDetector, edge: float) -> None:
    image = torch.zeros(1, 1, 64, 64, 64)
    levels = {"classification": [torch.zeros(1, 2, 64 // s, 64 // s, 64 // s) for s in (4, 8, 16)]}
    detector.generate_anchors(image, levels)
    assert detector.anchors is not None
    generator = torch.Generator().manual_seed(0)
    for _ in range(8):
        center = 26.0 + 12.0 * torch.rand(3, generator=generator)
        truth = {"box": torch.cat([center - edge / 2, center + edge / 2])[None], "box_class": torch.tensor([NODULE_CLASS])}
        answer = detector.compute_anchor_matched_idxs(detector.anchors, [truth], [m[0, 0].numel() for m in levels["classification"]])[0]
        positive = detector.anchors[0][answer == 0]
        assert len(positive) >= 1
        assert float(((positive[:, :3] + positive[:, 3:]) / 2 - center).abs().max()) <= max(edge / 2, 2.0) + 0.01


def test_an_ignored_box_takes_its_anchors_out_of_the_loss(detector: NoduleDetector) -> None:
    shapes = {"classification": [torch.zeros(1, 2, 64 // s, 64 // s, 64 // s) for s in (4, 8, 16)]}
    detector.generate_anchors(torch.zeros(1, 1, 64, 64, 64), shapes)
    assert detector.anchors is not None
    anchors = detector.anchors[0]
    centers = (anchors[:, :3] + anchors[:, 3:]) / 2
    wrong = ((centers >= 34.0) & (centers <= 54.0)).all(dim=1)
    logits = torch.full((1, len(anchors), 1), -9.0)
    logits[0, wrong] = 9.0  # certain of nodules in the box, and of nothing elsewhere
    levels = [m[0, 0].numel() for m in shapes["classification"]]
    punished, ignored = (
        float(detector.compute_cls_loss(logits, truth, detector.compute_anchor_matched_idxs(detector.anchors, truth, levels)))
        for truth in ([target()], [target((44.0, 20.0, IGNORED_CLASS))])
    )
    assert punished > 1.0
    assert ignored < 0.01


def test_a_small_patch_is_learnt_by_heart(detector: NoduleDetector) -> None:
    image = torch.zeros(1, 32, 32, 32)
    image[0, 12:20, 12:20, 12:20] = 0.8
    truth = [{"box": torch.tensor([[11.5] * 3 + [19.5] * 3]), "box_class": torch.tensor([NODULE_CLASS])}]
    optimizer = torch.optim.Adam(detector.network.parameters(), lr=3e-3)
    losses = []
    detector.train()
    for _ in range(25):
        loss = detector.loss(detector([image], truth))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
