"""The server's own rounds with all sites in this process: a federation's mathematics without its transport, in a fraction of the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nodulescope.federated.client.site_work import SiteWork
from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.server.asking import Answer
from nodulescope.federated.server.global_model import GlobalModel
from nodulescope.federated.server.round import train_round
from nodulescope.federated.server.run_state import RunFolder
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import Place
from nodulescope.federated.wire.arrays import Arrays, size_of, to_tensors
from nodulescope.federated.wire.half_precision import lengthen, shorten
from nodulescope.federated.wire.tasks import CONTROL, REPORT


class AskingHere:
    """Stands where the server asks its sites, and lets them work one after the other.

    Args:
        sites: by name.
    """

    def __init__(self, sites: Mapping[str, SiteWork]) -> None:
        self._sites = sites

    def connected(self, sites: Sequence[str]) -> list[str]:
        """All of them."""
        return list(sites)

    def with_weights(
        self,
        task: str,
        weights: Arrays,
        sites: Sequence[str],
        ledger: Ledger,
        take: Callable[[str, Answer], None],
        *,
        number: int = 0,
        measure: bool = True,
    ) -> None:
        """Let each site train from the weights; everything travels as short as it does between hospitals."""
        sent, down = _travelled(weights)
        for site in sites:
            state = to_tensors({name: value for name, value in sent.items() if not name.startswith(CONTROL)})
            controls = to_tensors({name.removeprefix(CONTROL): value for name, value in sent.items() if name.startswith(CONTROL)})
            answer = self._sites[site].train_round(number, state, controls, False)
            values, up = _travelled(answer.data)
            take(site, Answer(None, values, {**answer.meta[REPORT], "bytes_down": down}, up))


def federate_here(settings: JobSettings, places: Mapping[str, Place], model: GlobalModel) -> Ledger:
    """Run all rounds; the model holds the result.

    Args:
        settings: of the federation.
        places: of the sites, by name.
        model: with the weights to start from.
    """
    ledger = Ledger(settings)
    asking: Any = AskingHere({name: SiteWork(settings, place) for name, place in places.items()})
    folder = RunFolder(next(iter(places.values())).state / settings.run)
    for number in range(1, settings.rounds + 1):
        ledger.rounds[number] = train_round(number, model, ledger, asking, folder).parts
    return ledger


def _travelled(values: Mapping[str, Any]) -> tuple[Arrays, int]:
    """Values as they arrive, and their bytes on the way."""
    short = shorten(values)
    return lengthen(short), size_of(short)
