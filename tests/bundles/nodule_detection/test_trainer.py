from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from ignite.engine import Events
from monai.data import DataLoader, Dataset
from monai.data.utils import no_collation
from monai.engines import SupervisedTrainer
from torch import nn

from nodulescope.bundles.nodule_detection.detector import NoduleDetector
from nodulescope.bundles.nodule_detection.network import NoduleRetinaNet
from nodulescope.bundles.nodule_detection.trainer import DetectionTrainer


def patch(number: int) -> dict[str, torch.Tensor]:
    image = torch.zeros(1, 32, 32, 32)
    image[:, 8:16, 10:18, 12 + number : 20 + number] = 1.0
    low, high = [8.0, 10, 12 + number], [16.0, 18, 20 + number]
    return {"image": image, "box": torch.tensor([[*low, *high]]), "box_class": torch.tensor([0])}


@pytest.fixture
def detector() -> NoduleDetector:
    torch.manual_seed(0)
    return NoduleDetector(NoduleRetinaNet(num_anchors=2, channels=(8, 8, 16, 16), pyramid_channels=8))


def trainer_of(detector: NoduleDetector, epochs: int = 1, **settings: Any) -> DetectionTrainer:
    loader = DataLoader(Dataset([[patch(0), patch(2)]]), batch_size=1, collate_fn=no_collation)
    optimizer = torch.optim.SGD(detector.network.parameters(), lr=0.01)
    common = {"device": torch.device("cpu"), "max_epochs": epochs, "train_data_loader": loader, "optimizer": optimizer}
    return DetectionTrainer(detector, mixed_precision=False, **common, **settings)


def test_it_is_what_federated_clients_ask_for(detector: NoduleDetector) -> None:
    trainer = trainer_of(detector)
    assert isinstance(trainer, SupervisedTrainer)
    assert trainer.network is detector.network


def test_a_step_follows_the_gradient_of_the_detectors_losses(detector: NoduleDetector) -> None:
    reference = copy.deepcopy(detector).train()
    targets = [{key: patch(n)[key] for key in ("box", "box_class")} for n in (0, 2)]
    torch.manual_seed(5)
    losses = reference([patch(0)["image"], patch(2)["image"]], targets)
    expected = losses["classification"] + losses["box_regression"]
    expected.backward()

    trainer = trainer_of(detector)
    # The background anchors that teach are drawn at random.
    trainer.add_event_handler(Events.ITERATION_STARTED, lambda _: torch.manual_seed(5))
    before = detector.network.feature_extractor.stem[0].weight.detach().clone()
    trainer.run()
    assert trainer.state.output["loss"].item() == pytest.approx(expected.item(), rel=1e-6)
    gradient = reference.network.feature_extractor.stem[0].weight.grad
    torch.testing.assert_close(detector.network.feature_extractor.stem[0].weight, before - 0.01 * gradient)


def test_it_learns(detector: NoduleDetector) -> None:
    trainer = trainer_of(detector, epochs=15)
    losses: list[float] = []
    trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda engine: losses.append(engine.state.output["loss"].item()))
    trainer.run()
    assert losses[-1] < 0.7 * losses[0]


def test_of_several_processes_the_wrapped_detector_runs(detector: NoduleDetector) -> None:
    class Wrapped(nn.Module):
        calls = 0

        def __init__(self) -> None:
            super().__init__()
            self.module = detector

        def forward(self, *args: Any) -> Any:
            Wrapped.calls += 1
            return self.module(*args)

    trainer_of(detector, parallel_detector=Wrapped()).run()
    assert Wrapped.calls == 1
