"""What FedProx and SCAFFOLD change about a site's training, hooked on the optimizer: the bundle's trainer knows nothing of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn
from torch.optim import Optimizer

from nodulescope.federated.wire.control_change import control_change


@contextmanager
def proximal_term(network: nn.Module, optimizer: Optimizer, weight: float) -> Iterator[None]:
    """Hold training near the weights that it starts from: the gradient of ``weight / 2 * |w - w_start|²`` is added to every step.

    Li et al., Federated optimization in heterogeneous networks, MLSys 2020, equation 2.
    """
    start = [(parameter, parameter.detach().clone()) for parameter in network.parameters() if parameter.requires_grad]

    def pull(_optimizer: Optimizer, _args: object, _settings: object) -> None:
        for parameter, at_start in start:
            if parameter.grad is not None:
                parameter.grad.add_(parameter.detach() - at_start, alpha=weight)

    hook = optimizer.register_step_pre_hook(pull)
    try:
        yield
    finally:
        hook.remove()


class ControlVariate:
    """SCAFFOLD's control variate of one site.

    Karimireddy et al., SCAFFOLD: stochastic controlled averaging for federated learning, ICML 2020, algorithm 1, option II. After each step
    of the optimizer its weights are moved by its own learning rate times (site's control - server's control), so that the correction is in
    the units of that optimizer's steps, whichever it is.

    Args:
        network: the site's.

    Attributes:
        own: the control variate, by parameter.
        travelled: sum of the learning rates of the last round's steps. With it the server derives by how much the control has changed
            (:func:`~nodulescope.federated.wire.control_change.control_change`), so that the change itself need not travel.
    """

    def __init__(self, network: nn.Module) -> None:
        self.parameters = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
        self.own = {name: torch.zeros_like(parameter) for name, parameter in self.parameters.items()}
        self.travelled = 0.0

    @contextmanager
    def correct(self, optimizer: Optimizer, server: Mapping[str, torch.Tensor]) -> Iterator[None]:
        """Correct every step while the site trains, and renew the site's own control afterwards.

        Args:
            optimizer: the site's.
            server: the server's control variate, by parameter.
        """
        shared = {name: server[name].to(parameter) for name, parameter in self.parameters.items() if name in server}
        start = {name: self.parameters[name].detach().clone() for name in shared}
        self.travelled = 0.0

        @torch.no_grad()
        def steer(used: Optimizer, _args: object, _settings: object) -> None:
            rate = float(used.param_groups[0]["lr"])
            self.travelled += rate
            for name, control in shared.items():
                self.parameters[name].add_(self.own[name] - control, alpha=rate)

        hook = optimizer.register_step_post_hook(steer)
        try:
            yield
        finally:
            hook.remove()
        if not self.travelled:
            return
        with torch.no_grad():
            for name, control in shared.items():
                self.own[name] += control_change(self.parameters[name] - start[name], self.travelled, control)
