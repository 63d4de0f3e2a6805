"""Weights on their way into and out of training."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events
from torch import nn

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.training.processes import is_first_process


def load_weights(network: nn.Module, path: str | Path) -> None:
    """Load a state dict (half precision on disk is fine) into a network, strictly.

    Raises:
        BundleError: the file is missing, is no state dict, or belongs to another network.
    """
    file = Path(path)
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        network.load_state_dict(state.get("model", state.get("network", state)), strict=True)
    except FileNotFoundError as error:
        raise BundleError(f"{file}: there are no weights here; train the bundle, or take the shipped ones") from error
    except Exception as error:  # torch raises many kinds for a damaged or foreign file, and none of them names the file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BundleError(f"{file}: these weights do not fit this network ({reason})") from error


def save_weights(network: nn.Module, path: str | Path) -> str:
    """Write a network's weights in half precision, whole or not at all; returns the file's SHA-256.

    Batch-norm statistics keep single precision: their variances can lie outside half precision's range.
    """
    file = Path(path)
    state = OrderedDict(
        (name, value.detach().cpu().half() if value.is_floating_point() and "running" not in name else value.detach().cpu())
        for name, value in network.state_dict().items()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(file.suffix + ".part")
    torch.save({name: value.contiguous() for name, value in state.items()}, beside)
    beside.replace(file)
    return hashlib.sha256(file.read_bytes()).hexdigest()


class StartFrom:
    """Handler: begin training with given weights instead of random ones.

    Args:
        path: state dict; empty to begin at random.
        network: the network that is trained.
    """

    def __init__(self, path: str, network: nn.Module) -> None:
        self.path = path
        self.network = network

    def attach(self, engine: Engine) -> None:
        """Load once, when training starts."""
        if self.path:
            engine.add_event_handler(Events.STARTED, lambda _: load_weights(self.network, self.path))


class Resume:
    """Handler: write the state of training after every epoch, and go on from it when training is started again.

    Args:
        path: file that holds the state; delete it to begin anew.
        states: everything with a state dict: network, optimizer, scheduler.
    """

    def __init__(self, path: str, states: dict[str, Any]) -> None:
        self.path = Path(path)
        self.states = states

    def attach(self, engine: Engine) -> None:
        """Load when training starts, save after each epoch."""
        engine.add_event_handler(Events.STARTED, self.load)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.save)

    def save(self, engine: Engine) -> None:
        """Write the state, whole or not at all; of several processes, which all hold the same state, the first one does."""
        if not is_first_process():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = {name: thing.state_dict() for name, thing in self.states.items()}
        beside = self.path.with_suffix(".part")
        torch.save({**content, "epoch": engine.state.epoch, "iteration": engine.state.iteration}, beside)
        beside.replace(self.path)

    def load(self, engine: Engine) -> None:
        """Continue after the last whole epoch, if there is one."""
        if not self.path.is_file():
            return
        content = torch.load(self.path, map_location="cpu", weights_only=True)
        for name, thing in self.states.items():
            thing.load_state_dict(content[name])
        engine.state.epoch = content["epoch"]
        engine.state.iteration = content["iteration"]


class SaveBestWeights:
    """Handler for an evaluator: keep the weights of the best validation so far.

    Args:
        path: file to write.
        network: the network that is trained.
    """

    def __init__(self, path: str, network: nn.Module) -> None:
        self.path = path
        self.network = network

    def attach(self, engine: Engine) -> None:
        """Save after each epoch whose key metric beat all before it."""

        def save(evaluator: Engine) -> None:
            if is_first_process() and evaluator.state.best_metric_epoch == evaluator.state.epoch:  # type: ignore[attr-defined]
                save_weights(self.network, self.path)

        engine.add_event_handler(Events.COMPLETED, save)
