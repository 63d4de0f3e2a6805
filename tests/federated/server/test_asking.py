from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from nvflare.apis.dxo import DXO, DataKind, from_shareable
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.shareable import Shareable, make_reply
from nvflare.apis.signal import Signal

from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.ledger.participation import Participation
from nodulescope.federated.ledger.reasons import HEADER, Reason
from nodulescope.federated.server.asking import Answer, Answers, Asking
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.wire import tasks

SITES = ("north", "south", "west")


def result(value: float = 1.0, **report: Any) -> Shareable:
    return DXO(DataKind.WEIGHT_DIFF, {"a": np.full(2, value, np.float32)}, {tasks.REPORT: report}).to_shareable()


class Deliveries:
    """Stands for NVFlare's controller: hands over given results, then ends the wait as NVFlare would."""

    def __init__(self, results: dict[str, Shareable]) -> None:
        self.results = results
        self.waits: dict[str, Any] = {}

    def broadcast_and_wait(self, task: Any, **waits: Any) -> None:
        self.waits = {"timeout": task.timeout, "data": from_shareable(task.data), **waits}
        self.deliver = lambda site, given: task.result_received_cb(SimpleNamespace(result=given, client=SimpleNamespace(name=site)), None)
        for site, given in self.results.items():
            self.deliver(site, given)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(JobSettings("b", "0" * 64, SITES, round_timeout_s=100, late_s=7))


def asked(deliveries: Deliveries, ledger: Ledger) -> dict[str, Answer]:
    taken: dict[str, Answer] = {}
    asking = Asking(deliveries, None, Signal())
    asking.with_weights(tasks.TRAIN, {"a": np.zeros(2, np.float32)}, SITES, ledger, taken.__setitem__, number=3)
    return taken


def test_every_wait_is_finite_and_everybody_is_waited_for_at_first(ledger: Ledger) -> None:
    deliveries = Deliveries({})
    assert asked(deliveries, ledger) == {}
    assert deliveries.waits["timeout"] == 100
    assert deliveries.waits["targets"] == list(SITES)
    assert (deliveries.waits["min_responses"], deliveries.waits["wait_time_after_min_received"]) == (3, 0)
    assert deliveries.waits["data"].data_kind == DataKind.WEIGHTS


def test_who_was_missing_is_asked_again_but_waited_for_only_a_little(ledger: Ledger) -> None:
    ledger.rounds[2] = {"north": Participation(), "south": Participation(Reason.SILENT), "west": Participation()}
    deliveries = Deliveries({})
    asked(deliveries, ledger)
    assert deliveries.waits["targets"] == list(SITES)
    assert (deliveries.waits["min_responses"], deliveries.waits["wait_time_after_min_received"]) == (2, 7)


def test_answers_are_read_with_their_reasons_and_sizes(ledger: Ledger) -> None:
    broken = make_reply(ReturnCode.EXECUTION_EXCEPTION, headers={HEADER: Reason.NOT_FINITE.name})
    foreign = make_reply(ReturnCode.EXECUTION_EXCEPTION, headers={HEADER: "secret.dcm"})
    taken = asked(Deliveries({"north": result(cases=3), "south": broken, "west": foreign}), ledger)
    assert (taken["north"].reason, taken["north"].report, taken["north"].bytes_up) == (None, {"cases": 3}, 8)
    assert (taken["south"].reason, taken["west"].reason) == (Reason.NOT_FINITE, Reason.TRAINING_FAILED)
    assert Answers.read(Shareable()).reason is Reason.WRONG_SHAPE


def test_an_answer_after_the_round_is_not_taken(ledger: Ledger) -> None:
    deliveries = Deliveries({"north": result()})
    taken = asked(deliveries, ledger)
    deliveries.deliver("south", result())
    assert set(taken) == {"north"}
    assert Answers.round_of(result(round=3)) == 3
    assert Answers.round_of(Shareable()) == 0


def test_who_does_not_answer_the_check_is_silent(ledger: Ledger) -> None:
    deliveries = Deliveries({"north": result()})
    answers = Asking(deliveries, None, Signal()).check(SITES, ledger.settings)
    assert deliveries.waits["timeout"] == 300  # longer than a round: a site still loads its programs and its data
    assert {site: answer.reason for site, answer in answers.items()} == {"north": None, "south": Reason.SILENT, "west": Reason.SILENT}
