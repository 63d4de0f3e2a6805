from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from ignite.engine import Engine
from monai.data import DataLoader, Dataset
from monai.transforms import RandLambda

from nodulescope.bundles.training import seeds
from nodulescope.bundles.training.seeds import SeedEpochs

Draws = list[tuple[Any, ...]]


def draws(seed: int, epochs: int, *, waste: int = 0) -> Draws:
    """What every source of randomness gives in each batch of each epoch."""
    noise = RandLambda(func=lambda x: x, prob=1.0)
    drawn: Draws = []

    def item(number: int) -> tuple[int, int]:
        return number, int(noise.R.randint(1 << 30))

    class Random(Dataset):
        """Its transform draws from a generator of its own, as MONAI's random transforms do."""

        def __getitem__(self, index: int) -> Any:
            return item(self.data[index])

    loader = DataLoader(Random(list(range(4)), transform=noise), batch_size=2, shuffle=True, collate_fn=tuple)
    trainer = Engine(lambda _, batch: drawn.append((batch, random.random(), float(np.random.rand()), float(torch.rand(1)))))  # noqa: NPY002
    SeedEpochs(seed).attach(trainer)
    torch.rand(waste)
    random.random()
    trainer.run(loader, max_epochs=epochs)
    return drawn


def test_an_epoch_draws_the_same_whatever_was_drawn_before() -> None:
    first = draws(1, epochs=3)
    assert draws(1, epochs=3, waste=5) == first
    assert len({str(draw) for draw in first}) == 6  # and each batch of each epoch another


def test_another_seed_draws_otherwise() -> None:
    assert all(one != other for one, other in zip(draws(1, epochs=2), draws(2, epochs=2), strict=True))


def test_another_process_draws_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    first = draws(1, epochs=1)
    monkeypatch.setattr(seeds, "process_number", lambda: 1)
    assert all(one != other for one, other in zip(draws(1, epochs=1), first, strict=True))
