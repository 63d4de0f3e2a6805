"""The weights that the server holds, and how a round's work changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from nodulescope.federated.settings import JobSettings
from nodulescope.federated.wire.arrays import Arrays, to_arrays, to_tensors
from nodulescope.federated.wire.eight_bits import rounded
from nodulescope.federated.wire.shared_names import shared_names
from nodulescope.federated.wire.tasks import CONTROL


class GlobalModel:
    """The server's weights.

    Args:
        network: the bundle's, with the weights to start from.
        settings: the job's.
    """

    def __init__(self, network: nn.Module, settings: JobSettings) -> None:
        self.settings = settings
        self.weights = to_arrays(network.state_dict())
        self.kinds = {name: value.dtype for name, value in self.weights.items()}
        self.shared = shared_names(self.weights, settings.kept_at_site)
        trainable = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
        self.trainable = tuple(name for name in self.shared if name in trainable)
        self.momentum: Arrays = {}
        self.controls: Arrays = {}
        if settings.algorithm == "scaffold":
            self.controls = {name: np.zeros_like(self.weights[name]) for name in self.trainable}

    def to_send(self) -> Arrays:
        """What a site needs to begin a round."""
        weights = {name: self.weights[name] for name in self.shared}
        return {**weights, **{f"{CONTROL}{name}": value for name, value in self.controls_to_send().items()}}

    def controls_to_send(self) -> Arrays:
        """SCAFFOLD's controls as they will arrive, rounded on a short wire: the server must know what the sites train with."""
        return {name: rounded(value) if self.settings.wire == "half" else value for name, value in self.controls.items()}

    def expected(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of a site's result."""
        return {name: tuple(self.weights[name].shape) for name in self.shared}

    def change(self, mean: Mapping[str, Any], share: float) -> None:
        """Take over a round's mean change.

        Args:
            mean: of all results, by name; with SCAFFOLD also of the changes of the sites' controls.
            share: of the sites of the federation, how many took part, 0..1.
        """
        for name in self.shared:
            step = mean[name]
            if self.settings.algorithm == "fedopt" and name in self.trainable:
                before = self.momentum.get(name, np.zeros_like(self.weights[name]))
                self.momentum[name] = self.settings.server_momentum * before + step
                step = self.settings.server_rate * self.momentum[name]
            changed = self.weights[name] + step
            self.weights[name] = _as(changed, self.kinds[name])
        for name in self.controls:
            self.controls[name] = (self.controls[name] + share * mean[f"{CONTROL}{name}"]).astype(np.float32)

    def state(self) -> dict[str, dict[str, torch.Tensor]]:
        """Everything that a resumed run needs, as tensors."""
        parts = {"weights": self.weights, "momentum": self.momentum, "controls": self.controls}
        return {part: {name: value.clone() for name, value in to_tensors(values).items()} for part, values in parts.items()}

    def restore(self, state: Mapping[str, Mapping[str, torch.Tensor]]) -> None:
        """Go on from what :meth:`state` gave."""
        self.weights, self.momentum, self.controls = (
            {name: value.numpy() for name, value in state[part].items()} for part in ("weights", "momentum", "controls")
        )


def _as(value: Any, kind: np.dtype[Any]) -> Any:
    if not isinstance(value, np.ndarray | np.generic):
        return value
    return np.asarray(np.rint(value) if kind.kind in "iub" else value, dtype=kind)
