"""Asking sites to do something, with finite waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nvflare.apis.controller_spec import ClientTask, Task
from nvflare.apis.dxo import DXO, DataKind, MetaKey, from_shareable
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.impl.controller import Controller
from nvflare.apis.shareable import Shareable
from nvflare.apis.signal import Signal

from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.ledger.reasons import HEADER, Reason
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.wire import tasks
from nodulescope.federated.wire.arrays import Arrays, size_of


@dataclass(frozen=True)
class Answer:
    """What one site answered.

    Attributes:
        reason: why there is nothing to use; None if there is.
        values: what it sent, by name.
        report: plain values for the ledger.
        bytes_up: size of what it sent.
    """

    reason: Reason | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    bytes_up: int = 0


class Answers:
    """Reads answers."""

    @staticmethod
    def read(result: Shareable) -> Answer:
        """One answer."""
        if result.get_return_code() != ReturnCode.OK:
            return Answer(Reason.of(result.get_header(HEADER)))
        try:
            dxo = from_shareable(result)
        except ValueError:
            return Answer(Reason.WRONG_SHAPE)
        up = dxo.get_meta_prop(tasks.BYTES)
        return Answer(None, dxo.data, dxo.get_meta_prop(tasks.REPORT) or {}, size_of(dxo.data) if up is None else int(up))

    @staticmethod
    def round_of(result: Shareable) -> int:
        """The round that an answer belongs to; 0 if it belongs to none."""
        return int(Answers.read(result).report.get("round", 0))


class Asking:
    """The server's way to its sites.

    Args:
        controller: through which NVFlare sends.
        fl_ctx: the run's context.
        signal: tells that the run is aborted.
    """

    def __init__(self, controller: Controller, fl_ctx: FLContext, signal: Signal) -> None:
        self._controller = controller
        self._fl_ctx = fl_ctx
        self._signal = signal

    @property
    def aborted(self) -> bool:
        """Whether a person or NVFlare has stopped the run."""
        return bool(self._signal.triggered)

    def connected(self, sites: Sequence[str]) -> list[str]:
        """Those of the sites that are in the job now."""
        there = {client.name for client in self._fl_ctx.get_engine().get_clients()}
        return [site for site in sites if site in there]

    def check(self, sites: Sequence[str], settings: JobSettings) -> dict[str, Answer]:
        """Ask every site to open the bundle and count its cases; who does not answer in time is silent."""
        answers: dict[str, Answer] = {}
        longest = max(settings.join_timeout_s, settings.round_timeout_s)  # a site still loads its programs and its data
        self._broadcast(tasks.CHECK, DXO(DataKind.METRICS, {"check": 1}), sites, answers.__setitem__, len(sites), longest, 0)
        return {site: answers.get(site, Answer(Reason.SILENT)) for site in sites}

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
        """Send weights to sites and take their answers as they come, until all that can be expected have answered.

        A site that was missing in the round before is asked too, but is waited for only ``late_s`` longer than the others.

        Args:
            task: one of :data:`~nodulescope.federated.wire.tasks.WITH_WEIGHTS`.
            weights: by name.
            sites: whom to ask.
            ledger: of the run.
            take: called with each site's answer, never by two threads at once.
            number: of the round.
            measure: whether the weights are measured before they are trained.
        """
        before = ledger.rounds.get(max(ledger.rounds, default=0), {})
        expected = [site for site in sites if site not in before or before[site].took_part]
        dxo = DXO(DataKind.WEIGHTS, dict(weights), {MetaKey.CURRENT_ROUND: number, tasks.MEASURE: measure})
        settings, count = ledger.settings, len(expected) or len(sites)
        self._broadcast(task, dxo, sites, take, count, settings.round_timeout_s, settings.late_s if count < len(sites) else 0)

    def _broadcast(
        self, name: str, dxo: DXO, sites: Sequence[str], take: Callable[[str, Answer], None], expected: int, longest_s: int, late_s: int
    ) -> None:
        lock = threading.Lock()
        over = False

        def receive(client_task: ClientTask, fl_ctx: FLContext) -> None:
            answer = Answers.read(client_task.result)
            client_task.result = None  # the result's memory is free as soon as it was taken
            with lock:
                if not over:
                    take(client_task.client.name, answer)

        task = Task(name=name, data=dxo.to_shareable(), timeout=longest_s, result_received_cb=receive)
        self._controller.broadcast_and_wait(
            task=task,
            fl_ctx=self._fl_ctx,
            targets=list(sites),
            min_responses=expected,
            wait_time_after_min_received=late_s,
            abort_signal=self._signal,
        )
        with lock:
            over = True
