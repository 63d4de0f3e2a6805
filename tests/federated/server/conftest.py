"""A server without a network between it and its sites."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from nodulescope.federated.server.asking import Answer
from nodulescope.federated.wire.tasks import CONTROL

Site = Callable[[Mapping[str, Any]], Answer | None]


class DirectSites:
    """Stands for the way to the sites: each is a function of the weights that it receives; None is silence.

    Attributes:
        asked: task, weights and sites of everything that was asked.
    """

    aborted = False

    def __init__(self, sites: Mapping[str, Site]) -> None:
        self.sites = dict(sites)
        self.asked: list[tuple[str, dict[str, Any], list[str]]] = []

    def connected(self, sites: Sequence[str]) -> list[str]:
        return [site for site in sites if site in self.sites]

    def with_weights(
        self, task: str, weights: Any, sites: Sequence[str], ledger: Any, take: Any, *, number: int = 0, measure: bool = True
    ) -> None:
        self.asked.append((task, {name: np.copy(value) for name, value in weights.items()}, list(sites)))
        for site in sites:
            answer = self.sites[site](weights)
            if answer is not None:
                take(site, answer)


@pytest.fixture
def direct_sites() -> type[DirectSites]:
    """Make the way to sites from functions."""
    return DirectSites


@pytest.fixture
def answering() -> Callable[..., Site]:
    """A site that changes every weight by as much: ``answering(1.0, cases=3, metric=0.5)``."""

    def make(change: float, cases: int = 1, metric: float | None = 0.5, validation_cases: int = 1, **more: Any) -> Site:
        def site(weights: Mapping[str, Any]) -> Answer:
            report = {"cases": cases, "validation_cases": validation_cases, "metric": metric, "steps": 2, "seconds": 1.0, "bytes_down": 7}
            changed = {name: np.full_like(value, change) for name, value in weights.items() if not name.startswith(CONTROL)}
            return Answer(None, changed, {**report, **more}, bytes_up=9)

        return site

    return make
