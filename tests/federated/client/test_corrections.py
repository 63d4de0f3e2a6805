from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nodulescope.federated.client.corrections import ControlVariate, proximal_term
from nodulescope.federated.wire.control_change import control_change


def step(network: nn.Module, optimizer: torch.optim.Optimizer, gradient: float) -> None:
    for parameter in network.parameters():
        parameter.grad = torch.full_like(parameter, gradient)
    optimizer.step()


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def test_the_proximal_term_pulls_by_the_distance_from_the_start(network: nn.Module) -> None:
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    start = [parameter.detach().clone() for parameter in network.parameters()]
    with proximal_term(network, optimizer, weight=0.5):
        step(network, optimizer, 1.0)  # at the start the term is nothing: -0.1
        step(network, optimizer, 1.0)  # 0.1 away: the gradient is 1 - 0.5 * 0.1
    for parameter, at_start in zip(network.parameters(), start, strict=True):
        torch.testing.assert_close(parameter.detach(), at_start - 0.1 - 0.1 * (1.0 - 0.05))
    before = [parameter.detach().clone() for parameter in network.parameters()]
    step(network, optimizer, 1.0)  # the hook is gone
    for parameter, value in zip(network.parameters(), before, strict=True):
        torch.testing.assert_close(parameter.detach(), value - 0.1)


def test_the_control_variate_follows_the_sites_mean_gradient(network: nn.Module) -> None:
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    control = ControlVariate(network)
    server = {name: torch.zeros_like(parameter) for name, parameter in network.named_parameters()}
    with control.correct(optimizer, server):
        step(network, optimizer, 2.0)
        step(network, optimizer, 4.0)
    assert control.travelled == pytest.approx(0.2)
    for name in server:  # option II with controls of zero: the mean gradient of the steps
        torch.testing.assert_close(control.own[name], torch.full_like(server[name], 3.0))


def test_steps_are_corrected_towards_the_servers_direction(network: nn.Module) -> None:
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    control = ControlVariate(network)
    for value in control.own.values():
        value.fill_(2.0)
    start = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    server = {name: torch.full_like(value, 0.5) for name, value in start.items()}
    with control.correct(optimizer, server):
        step(network, optimizer, 2.0)  # the site's own gradient is 2 as its control says: what is left is the server's 0.5
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.detach(), start[name] - 0.1 * 0.5)
        torch.testing.assert_close(control.own[name], torch.full_like(parameter, 2.0))


def test_the_server_derives_the_very_change_from_what_the_weights_did(network: nn.Module) -> None:
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    control = ControlVariate(network)
    for value in control.own.values():
        value.normal_()
    own = {name: value.clone() for name, value in control.own.items()}
    start = {name: parameter.detach().numpy().copy() for name, parameter in network.named_parameters()}
    server = {name: torch.randn_like(value) for name, value in own.items()}
    with control.correct(optimizer, server):
        for gradient in (2.0, -1.0, 0.3):
            optimizer.param_groups[0]["lr"] /= 2  # a schedule
            step(network, optimizer, gradient)
    for name, parameter in network.named_parameters():
        derived = control_change(parameter.detach().numpy() - start[name], control.travelled, server[name].numpy())
        np.testing.assert_array_equal(control.own[name].numpy(), own[name].numpy() + derived)


def test_layers_that_are_not_shared_are_not_corrected(network: nn.Module) -> None:
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    control = ControlVariate(network)
    bias = network.bias.detach().clone()
    with control.correct(optimizer, {"weight": torch.ones(2, 3)}):
        step(network, optimizer, 1.0)
    torch.testing.assert_close(network.bias.detach(), bias - 0.1)
    assert not control.own["bias"].any() and control.own["weight"].any()
