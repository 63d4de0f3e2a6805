"""Training that goes on where it was interrupted, as if it had not been."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events
from torch.optim.lr_scheduler import LRScheduler

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.training.checkpoints import reason_of
from nodulescope.bundles.training.processes import is_first_process


class Resume:
    """Handler: write the state of training after every epoch, and go on from it when training is started again.

    With :class:`~nodulescope.bundles.training.seeds.SeedEpochs` beside it the weights at the end are those of a training that was never
    interrupted, bit for bit on a CPU. A finished training that is asked for more epochs goes on as a training of that length would be at
    this point; the optimizer keeps the settings that it had.

    Args:
        path: file that holds the state; delete it to begin anew.
        states: everything with a state dict: network, optimizer, schedule, early stopping.
        validator: the evaluator that chooses the best weights; a later, worse validation then does not replace them. None without one.
    """

    def __init__(self, path: str, states: dict[str, Any], validator: Engine | None = None) -> None:
        self.path = Path(path)
        self.states = states
        self.validator = validator

    def attach(self, engine: Engine) -> None:
        """Load when training starts, save after each epoch; other handlers that change what is saved must be attached before."""
        engine.add_event_handler(Events.STARTED, self.load)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.save)

    def save(self, engine: Engine) -> None:
        """Write the state, whole or not at all; of several processes, which all hold the same state, the first one does."""
        if not is_first_process():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = {name: thing.state_dict() for name, thing in self.states.items()}
        if self.validator is not None:
            best: Any = self.validator.state
            content["best"] = {"metric": float(best.best_metric), "epoch": int(best.best_metric_epoch)}
        beside = self.path.with_suffix(".part")
        torch.save({**content, "epoch": engine.state.epoch, "iteration": engine.state.iteration}, beside)
        beside.replace(self.path)

    def load(self, engine: Engine) -> None:
        """Continue after the last whole epoch, if there is one.

        Raises:
            BundleError: the file is damaged, or the state belongs to another training.
        """
        if not self.path.is_file():
            return
        try:
            self._restore(engine, torch.load(self.path, map_location="cpu", weights_only=True))
        except Exception as error:  # torch raises many kinds for a damaged or foreign file, and none of them names the file
            remedy = "delete the file to begin anew, or train into another folder"
            raise BundleError(f"{self.path}: not a state of this training ({reason_of(error)}); {remedy}") from error
        engine.logger.info("%s: going on after epoch %d", self.path, engine.state.epoch)

    def _restore(self, engine: Engine, content: Any) -> None:
        if not isinstance(content, Mapping):
            raise TypeError(f"it holds a {type(content).__name__}")
        epoch, length = int(content["epoch"]), engine.state.epoch_length
        iteration = epoch * length if length else int(content["iteration"])
        for name, thing in self.states.items():
            saved = content[name]
            if isinstance(thing, LRScheduler) and saved.get("total_steps") != getattr(thing, "total_steps", None):
                step = round(saved["last_epoch"] * iteration / content["iteration"])
                engine.logger.info("%s: was a training of another length; from here on the learning rates are the new one's", self.path)
                move_to(thing, step, steps_made=saved["_step_count"])
            else:
                thing.load_state_dict(saved)
        if self.validator is not None:
            best: Any = self.validator.state
            best.best_metric, best.best_metric_epoch = content["best"]["metric"], content["best"]["epoch"]
        engine.state.epoch, engine.state.iteration = epoch, iteration


def move_to(schedule: LRScheduler, step: int, steps_made: int) -> None:
    """Put a schedule that computes its rates from the number of the step (OneCycleLR does) where it would be after that step."""
    last = int(getattr(schedule, "total_steps", step))
    schedule.load_state_dict({**schedule.state_dict(), "last_epoch": min(step, last) - 1, "_step_count": steps_made})
    schedule.step()
