from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nodulescope.federated.server.global_model import GlobalModel
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.wire.half_precision import lengthen, shorten


def model(**values: Any) -> GlobalModel:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 2, bias=False), nn.BatchNorm1d(2))
    return GlobalModel(network, JobSettings("b", "0" * 64, ("north", "south"), **values))


def change(held: GlobalModel, value: float, share: float = 1.0) -> None:
    held.change({name: np.full(sent.shape, value) for name, sent in held.to_send().items()}, share)


def test_the_mean_change_is_added() -> None:
    held = model()
    before = {name: value.copy() for name, value in held.weights.items()}
    change(held, 0.5)
    np.testing.assert_allclose(held.weights["0.weight"], before["0.weight"] + 0.5)
    assert held.weights["0.weight"].dtype == np.float32


def test_whole_numbers_stay_whole() -> None:
    held = model()
    change(held, 2.6)
    assert held.weights["1.num_batches_tracked"] == 3
    assert held.weights["1.num_batches_tracked"].dtype == np.int64
    assert isinstance(held.weights["1.num_batches_tracked"], np.ndarray)


def test_the_server_of_fedopt_has_momentum_for_parameters_only() -> None:
    held = model(algorithm="fedopt", server_rate=2.0, server_momentum=0.5)
    before = {name: value.copy() for name, value in held.weights.items()}
    change(held, 1.0)
    change(held, 1.0)
    np.testing.assert_allclose(held.weights["0.weight"], before["0.weight"] + 2.0 * 1.0 + 2.0 * 1.5, rtol=1e-6)
    np.testing.assert_allclose(held.weights["1.running_mean"], before["1.running_mean"] + 2.0)


def test_scaffolds_control_moves_by_the_share_of_sites() -> None:
    held = model(algorithm="scaffold")
    assert {name for name in held.to_send() if name.startswith("control:")} == {"control:0.weight", "control:1.weight", "control:1.bias"}
    change(held, 1.0, share=0.5)
    np.testing.assert_allclose(held.controls["1.bias"], [0.5, 0.5])


def test_on_a_short_wire_the_server_trains_with_the_controls_that_arrive() -> None:
    half, full = model(algorithm="scaffold"), model(algorithm="scaffold", wire="full")
    for held in (half, full):
        held.controls["1.bias"] = np.array([1.0, 0.3], np.float32)
    assert half.controls_to_send()["1.bias"].tolist() == [1.0, 19 / 64]
    np.testing.assert_array_equal(full.controls_to_send()["1.bias"], full.controls["1.bias"])
    arrived = lengthen(shorten(half.to_send()))
    for name, sent in half.controls_to_send().items():
        np.testing.assert_array_equal(arrived[f"control:{name}"], sent)


def test_layers_that_stay_at_the_sites_are_neither_sent_nor_changed() -> None:
    held = model(kept_at_site=(r"1\..*",))
    before = held.weights["1.weight"].copy()
    assert set(held.to_send()) == {"0.weight"}
    change(held, 1.0)
    np.testing.assert_array_equal(held.weights["1.weight"], before)


@pytest.mark.parametrize("algorithm", ["fedopt", "scaffold"])
def test_a_restored_model_goes_on_as_if_nothing_had_been(algorithm: str) -> None:
    held, other = model(algorithm=algorithm), model(algorithm=algorithm)
    change(held, 1.0)
    other.restore(held.state())
    change(held, 1.0)
    change(other, 1.0)
    for name, value in held.to_send().items():
        np.testing.assert_array_equal(other.to_send()[name], value)
