from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from ignite.engine import Events
from ignite.metrics import Loss
from monai.data import CacheDataset, DataLoader
from monai.engines import SupervisedEvaluator, SupervisedTrainer
from monai.handlers import LrScheduleHandler, ValidationHandler
from monai.transforms import Compose, RandGaussianNoised
from monai.utils import set_determinism
from torch import nn

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.training.checkpoints import SaveBestWeights
from nodulescope.bundles.training.early_stop import EarlyStop
from nodulescope.bundles.training.resume import Resume
from nodulescope.bundles.training.seeds import SeedEpochs

PEAK = 0.05
"""Highest learning rate."""


class Interrupted(Exception):
    pass


class Training:
    """A small training with everything that is random in a real one: order of the data, augmentation, dropout.

    Validation scores are given, so that a test decides which epoch is the best.
    """

    def __init__(
        self, folder: Path, epochs: int, *, items: int = 6, workers: int = 0, scores: tuple[float, ...] = (), patience: int | None = None
    ) -> None:
        set_determinism(seed=3)
        self.folder, self.scores = folder, scores
        self.network = nn.Sequential(nn.Conv3d(1, 2, 2), nn.BatchNorm3d(2), nn.Dropout(0.5), nn.Conv3d(2, 1, 2), nn.Flatten())
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=PEAK)
        data = [{"image": torch.full((1, 3, 3, 3), number / 10), "label": torch.full((1,), number / 5)} for number in range(items)]
        loader = DataLoader(
            CacheDataset(data, Compose([RandGaussianNoised("image", prob=0.7)]), progress=False, copy_cache=False),
            batch_size=2,
            shuffle=True,
            num_workers=workers,
        )
        self.scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=PEAK, total_steps=epochs * len(loader))
        self.validator = SupervisedEvaluator(
            device="cpu",
            val_data_loader=DataLoader(CacheDataset(data[:2], progress=False), batch_size=2),
            network=self.network,
            key_val_metric={"quality": Loss(self.score, output_transform=lambda out: (out[0]["pred"], out[0]["label"]), batch_size=len)},
            val_handlers=[SaveBestWeights(str(folder / "best.pt"), self.network)],
        )
        early_stop = EarlyStop(patience, self.validator)
        states = {"network": self.network, "optimizer": optimizer, "lr_scheduler": self.scheduler, "early_stop": early_stop}
        self.trainer = SupervisedTrainer(
            device="cpu",
            max_epochs=epochs,
            train_data_loader=loader,
            network=self.network,
            optimizer=optimizer,
            loss_function=nn.MSELoss(),
            train_handlers=[
                SeedEpochs(3),
                LrScheduleHandler(self.scheduler, print_lr=False, epoch_level=False),
                ValidationHandler(1, self.validator),
                Resume(str(folder / "resume.pt"), states, self.validator),
                early_stop,
            ],
        )
        self.epochs_run: list[int] = []
        self.rates: list[float] = []
        self.trainer.add_event_handler(Events.EPOCH_STARTED, lambda engine: self.epochs_run.append(engine.state.epoch))
        self.trainer.add_event_handler(Events.ITERATION_STARTED, lambda _: self.rates.append(optimizer.param_groups[0]["lr"]))

    def score(self, *_: Any) -> torch.Tensor:
        epoch = self.trainer.state.epoch
        return torch.tensor(self.scores[epoch - 1] if self.scores else float(epoch))

    def run(self, stop_in_epoch: int | None = None) -> Training:
        """Run, up to the second batch of an epoch if one is given."""

        def interrupt(engine: Any) -> None:
            if engine.state.epoch == stop_in_epoch and engine.state.iteration % engine.state.epoch_length == 2:
                raise Interrupted

        self.trainer.add_event_handler(Events.ITERATION_COMPLETED, interrupt)
        try:
            self.trainer.run()
        except Interrupted:
            pass
        finally:
            set_determinism(seed=None)
        return self

    def best(self) -> dict[str, torch.Tensor]:
        weights: dict[str, torch.Tensor] = torch.load(self.folder / "best.pt", weights_only=True)
        return weights


def assert_same_weights(one: nn.Module, other: nn.Module) -> None:
    for name, value in one.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name


@pytest.mark.parametrize("workers", [0, 1])
def test_an_interrupted_training_ends_with_the_weights_of_one_that_ran_through(workers: int, tmp_path: Path) -> None:
    whole = Training(tmp_path / "whole", 4, workers=workers).run()
    first = Training(tmp_path / "parts", 4, workers=workers).run(stop_in_epoch=3)
    second = Training(tmp_path / "parts", 4, workers=workers).run()
    assert (first.epochs_run, second.epochs_run) == ([1, 2, 3], [3, 4])
    assert second.trainer.state.iteration == whole.trainer.state.iteration == 12
    assert_same_weights(whole.network, second.network)
    assert second.rates == whole.rates[6:]
    assert not torch.equal(first.network[0].weight, second.network[0].weight)
    for name, value in whole.best().items():
        assert torch.equal(second.best()[name], value), name


def test_a_worse_validation_after_the_interruption_replaces_nothing(tmp_path: Path) -> None:
    scores = (0.4, 0.9, 0.5, 0.6)
    first = Training(tmp_path, 4, scores=scores).run(stop_in_epoch=3)
    best = first.best()
    second = Training(tmp_path, 4, scores=scores).run()
    assert (second.validator.state.best_metric, second.validator.state.best_metric_epoch) == (pytest.approx(0.9), 2)
    assert all(torch.equal(second.best()[name], value) for name, value in best.items())


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    done = Training(tmp_path, 2).run()
    again = Training(tmp_path, 2).run()
    assert again.epochs_run == []
    assert_same_weights(done.network, again.network)


def test_more_epochs_go_on_with_the_rates_of_the_longer_training(tmp_path: Path) -> None:
    Training(tmp_path / "parts", 2).run()
    longer = Training(tmp_path / "parts", 4).run()
    whole = Training(tmp_path / "whole", 4).run()
    assert longer.epochs_run == [3, 4]
    assert longer.rates == pytest.approx(whole.rates[6:])
    assert longer.rates[0] > 10 * longer.rates[-1]  # the first training had come down to nearly nothing


def test_more_data_keep_the_epochs_that_were_made(tmp_path: Path) -> None:
    Training(tmp_path / "parts", 4, items=6).run(stop_in_epoch=3)
    larger = Training(tmp_path / "parts", 4, items=10).run()
    assert larger.epochs_run == [3, 4]
    assert larger.trainer.state.iteration == 4 * 5
    assert larger.rates == pytest.approx(Training(tmp_path / "whole", 4, items=10).run().rates[10:])


def test_fewer_epochs_than_were_made_train_nothing(tmp_path: Path) -> None:
    done = Training(tmp_path, 3).run()
    again = Training(tmp_path, 2).run()
    assert again.epochs_run == []
    assert_same_weights(done.network, again.network)


def test_patience_is_counted_across_an_interruption(tmp_path: Path) -> None:
    scores = (0.5, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
    assert Training(tmp_path / "whole", 8, scores=scores, patience=3).run().epochs_run == [1, 2, 3, 4, 5]
    Training(tmp_path / "parts", 8, scores=scores, patience=3).run(stop_in_epoch=4)
    assert Training(tmp_path / "parts", 8, scores=scores, patience=3).run().epochs_run == [4, 5]
    assert Training(tmp_path / "parts", 8, scores=scores, patience=3).run().epochs_run == []
    assert Training(tmp_path / "parts", 8, scores=scores, patience=5).run().epochs_run == [6, 7]


def test_a_state_of_another_training_is_named_in_one_line(tmp_path: Path) -> None:
    Training(tmp_path, 1).run()
    state = torch.load(tmp_path / "resume.pt", weights_only=True)
    for wrong in (
        {**state, "network": {"weight": torch.zeros(2)}},
        {name: value for name, value in state.items() if name != "optimizer"},
        {"weight": torch.zeros(2)},
        torch.zeros(2),
        Path("code"),
    ):
        torch.save(wrong, tmp_path / "resume.pt")
        with pytest.raises(BundleError, match=r"resume\.pt: not a state of this training \(.+\); delete the file to begin anew") as refused:
            Training(tmp_path, 2).run()
        assert "\n" not in str(refused.value)
    (tmp_path / "resume.pt").write_bytes(b"PK damaged")
    with pytest.raises(BundleError, match=r"resume\.pt: not a state"):
        Training(tmp_path, 2).run()
