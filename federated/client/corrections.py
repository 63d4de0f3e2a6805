"""What FedProx and SCAFFOLD change about a site's training, hooked on the optimizer: the bundle's trainer knows nothing of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn
from torch.optim import Optimizer


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
    """

    def __init__(self, network: nn.Module) -> None:
        self.parameters = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
        self.own = {name: torch.zeros_like(parameter) for name, parameter in self.parameters.items()}

    @contextmanager
    def correct(self, optimizer: Optimizer, server: Mapping[str, torch.Tensor]) -> Iterator[dict[str, torch.Tensor]]:
        """Correct every step while the site trains.

        Args:
            optimizer: the site's.
            server: the server's control variate, by parameter.

        Yields:
            A dictionary that is empty until training ended, and then holds by how much the site's control variate changed.
        """
        shared = {name: server[name].to(parameter) for name, parameter in self.parameters.items() if name in server}
        start = {name: self.parameters[name].detach().clone() for name in shared}
        travelled = 0.0

        @torch.no_grad()
        def steer(used: Optimizer, _args: object, _settings: object) -> None:
            nonlocal travelled
            rate = float(used.param_groups[0]["lr"])
            travelled += rate
            for name, control in shared.items():
                self.parameters[name].add_(self.own[name] - control, alpha=rate)

        changes: dict[str, torch.Tensor] = {}
        hook = optimizer.register_step_post_hook(steer)
        try:
            yield changes
        finally:
            hook.remove()
        if not travelled:
            return
        with torch.no_grad():
            for name, control in shared.items():
                change = (start[name] - self.parameters[name]) / travelled - control
                self.own[name] += change
                changes[name] = change.cpu()
