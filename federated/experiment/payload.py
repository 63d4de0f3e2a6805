"""What one round sends to and from a site, for each of the shipped bundles, computed from their real networks."""

from __future__ import annotations

from dataclasses import dataclass

from nodulescope.bundles.predictors.stages import STAGES, find_bundle
from nodulescope.federated.sites.preflight import build_network
from nodulescope.federated.wire.arrays import size_of, to_arrays
from nodulescope.federated.wire.half_precision import shorten
from nodulescope.federated.wire.tasks import CONTROL

GOAL_BYTES = 20_000_000
"""Per round and site, both ways together."""


@dataclass(frozen=True)
class Payload:
    """One bundle's.

    Attributes:
        bundle: its name.
        parameters: numbers that travel.
        down: bytes from the server to a site, half precision.
        up: bytes from a site to the server.
        scaffold: bytes that SCAFFOLD's control variates add from the server to a site; from a site to the server they add none.
    """

    bundle: str
    parameters: int
    down: int
    up: int
    scaffold: int

    @property
    def total(self) -> int:
        """Both ways, without SCAFFOLD."""
        return self.down + self.up


def payloads() -> list[Payload]:
    """Of every shipped bundle."""
    found = []
    for stage in STAGES:
        network = build_network(find_bundle(stage), ["train.yaml"])
        values = to_arrays(network.state_dict())
        trainable = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
        controls = {f"{CONTROL}{name}": value for name, value in values.items() if name in trainable}
        size = size_of(shorten(values))
        found.append(Payload(stage, sum(value.size for value in values.values()), size, size, size_of(shorten(controls))))
    return found
