"""Random numbers that depend on nothing but the seed, the epoch and the process."""

from __future__ import annotations

from typing import Any

import numpy as np
from ignite.engine import Engine, Events
from ignite.utils import manual_seed
from monai.data.utils import set_rnd

from nodulescope.bundles.training.processes import process_number


class SeedEpochs:
    """Handler: let every epoch of a training draw its random numbers from a seed of its own.

    An epoch then shuffles and augments in the same way whether the training ran through or was interrupted before it, whatever else has
    used random numbers in between, and on every process of several in another way. (Ignite's ``DeterministicEngine`` does so too; MONAI's
    trainers are none.) No state of a random generator has to be saved, and worker processes, whose generators nobody could save, are
    seeded by it too: the data loader must start them anew with each epoch, so it must not keep ``persistent_workers``.

    Args:
        seed: the training's.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def attach(self, engine: Engine) -> None:
        """Seed when an epoch starts, which is before its data are drawn."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """Seed Python, NumPy, torch (also on GPUs), and the random transforms that run in this process."""
        own = np.random.SeedSequence([self.seed, engine.state.epoch, process_number()])
        for_all, for_transforms = own.generate_state(2).tolist()
        manual_seed(for_all)
        loader: Any = engine.state.dataloader
        set_rnd(getattr(loader, "dataset", None), for_transforms)
