"""Weights on their way into and out of training."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from textwrap import shorten

import torch
from ignite.engine import Engine, Events
from monai.handlers import CheckpointLoader
from torch import nn

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.training.processes import is_first_process

REASON_LENGTH = 120
"""Letters of torch's own words that an error quotes; it lists every layer of a network."""


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
        raise BundleError(f"{file}: these weights do not fit this network ({reason_of(error)})") from error


def reason_of(error: Exception) -> str:
    """The telling line of what torch says of a file; it names the network first, and below it, at length, what is wrong."""
    if isinstance(error, KeyError):
        return f"it has no {error}"
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return shorten(lines[1] if lines[0].endswith(":") and len(lines) > 1 else lines[0], REASON_LENGTH, placeholder=" ...")


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


class BundleCheckpointLoader(CheckpointLoader):
    """MONAI's loader of checkpoints, strict, whose error is one line that names the file.

    MONAI's federated client leaves out handlers with ``CheckpointLoader`` in their name: its weights come from the server.

    Args:
        load_path: state dict, half precision too, or a state of training.
        load_dict: ``{"model": network}``.
        map_location: not needed; MONAI's loader has it.
    """

    def __call__(self, engine: Engine) -> None:
        """Load when the engine starts.

        Raises:
            BundleError: the file is missing, is no state dict, or belongs to another network.
        """
        for network in self.load_dict.values():
            load_weights(network, self.load_path)


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
