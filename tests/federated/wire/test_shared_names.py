from __future__ import annotations

import pytest
from torch import nn

from nodulescope.bundles.errors import UsageError
from nodulescope.federated.wire.shared_names import expand, shared_names


@pytest.fixture
def network() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.GroupNorm(2, 8), nn.Linear(8, 1))


def test_everything_is_shared_unless_it_is_named(network: nn.Module) -> None:
    names = tuple(network.state_dict())
    assert shared_names(names, ()) == names
    assert shared_names(names, (r"3\..*",)) == tuple(name for name in names if not name.startswith("3."))


def test_an_expression_has_to_match_the_whole_name(network: nn.Module) -> None:
    assert "0.weight" in shared_names(network.state_dict(), ("weight",))


def test_norm_stands_for_every_normalisation_layer(network: nn.Module) -> None:
    kept = expand(["norm"], network)
    assert shared_names(network.state_dict(), kept) == ("0.weight", "0.bias", "3.weight", "3.bias")


@pytest.mark.parametrize(
    ("patterns", "told"), [([".*"], "nothing would be shared"), (["9\\..*"], "matches no value"), (["("], "not a regular expression")]
)
def test_an_expression_that_cannot_be_meant_is_refused(patterns: list[str], told: str, network: nn.Module) -> None:
    with pytest.raises(UsageError, match=told):
        expand(patterns, network)


def test_norm_of_a_network_without_is_refused() -> None:
    with pytest.raises(UsageError, match="no normalisation layers"):
        expand(["norm"], nn.Linear(2, 2))
