"""One round: what the sites' training makes of the server's weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.ledger.participation import Participation
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.server.asking import Answer, Asking
from nodulescope.federated.server.global_model import GlobalModel
from nodulescope.federated.server.run_state import RunFolder
from nodulescope.federated.server.running_mean import RunningMean
from nodulescope.federated.server.verdict import verdict
from nodulescope.federated.wire import tasks
from nodulescope.federated.wire.arrays import Arrays
from nodulescope.federated.wire.control_change import control_change
from nodulescope.federated.wire.tasks import CONTROL, TRAVELLED


@dataclass
class RoundResult:
    """What a round was.

    Attributes:
        before: the weights with which it began.
        parts: what each site that was asked did.
    """

    before: Arrays
    parts: dict[str, Participation] = field(default_factory=dict)

    @property
    def metric(self) -> float | None:
        """Mean key metric of the weights with which the round began, over the validation cases of all sites that measured them."""
        measured = [part for part in self.parts.values() if part.took_part and part.metric is not None and part.validation_cases]
        cases = sum(part.validation_cases for part in measured)
        return sum(part.metric * part.validation_cases for part in measured if part.metric is not None) / cases if cases else None


def train_round(number: int, model: GlobalModel, ledger: Ledger, asking: Asking, folder: RunFolder) -> RoundResult:
    """All sites train at once from the same weights, and the mean of their changes is taken over, weighted by their cases.

    SCAFFOLD's control variates are a plain mean: each stands for its site, not for its cases.
    """
    settings = ledger.settings
    result = RoundResult(dict(model.weights))
    weights, controls = RunningMean(), RunningMean()
    expected, sent = model.expected(), model.controls_to_send()

    def take(site: str, answer: Answer) -> None:
        part = participation(answer, expected)
        learned = _control_changes(answer, sent) if part.took_part else {}
        if not all(np.isfinite(value).all() for value in learned.values()):
            part = part.but(Reason.NOT_FINITE)
        result.parts[site] = part
        if not part.took_part:
            return
        weights.add(answer.values, part.cases)
        controls.add(learned, 1.0)
        if number == settings.rounds and settings.cross_site:
            folder.keep_weights(_site_weights(model, answer), f"site_{site}.pt")

    _ask(number, model, asking, ledger, list(settings.sites), take)
    took_part = sum(part.took_part for part in result.parts.values())
    if took_part >= settings.min_sites:
        model.change({**weights.mean(), **controls.mean()}, took_part / len(settings.sites))
    return result


def train_cyclic(number: int, model: GlobalModel, ledger: Ledger, asking: Asking, folder: RunFolder) -> RoundResult:
    """One site after the other trains what the one before left; a site that fails is passed over."""
    settings = ledger.settings
    result = RoundResult(dict(model.weights))
    expected = model.expected()
    for site in settings.sites:
        mean = RunningMean()

        def take(who: str, answer: Answer, mean: RunningMean = mean) -> None:
            result.parts[who] = part = participation(answer, expected)
            if part.took_part:
                mean.add(answer.values, 1.0)
                if number == settings.rounds and settings.cross_site:
                    folder.keep_weights(_site_weights(model, answer), f"site_{who}.pt")

        _ask(number, model, asking, ledger, [site], take)
        result.parts.setdefault(site, Participation(Reason.SILENT))
        if mean.weight:
            model.change(mean.mean(), 1.0)
    # Only the first site has measured the weights with which the round began; the others measured what the site before them left.
    first = next((site for site in settings.sites if result.parts[site].took_part), None)
    result.parts = {site: part if site == first or not part.took_part else _without_metric(part) for site, part in result.parts.items()}
    return result


def participation(answer: Answer, expected: dict[str, tuple[int, ...]]) -> Participation:
    """What a site's answer to a round amounts to."""
    if answer.reason is not None:
        return Participation(answer.reason)
    report: dict[str, Any] = dict(answer.report)
    part = Participation(
        cases=int(report.get("cases", 0)),
        validation_cases=int(report.get("validation_cases", 0)),
        steps=int(report.get("steps", 0)),
        seconds=round(float(report.get("seconds", 0.0)), 3),
        bytes_down=int(report.get("bytes_down", 0)),
        bytes_up=answer.bytes_up,
        metric=_finite(report.get("metric")),
        loss=_finite(report.get("loss")),
        privacy=dict(report.get("privacy") or {}),
    )
    problem = verdict(answer.values, expected) or (Reason.NO_DATA if part.cases < 1 else None)
    return part if problem is None else part.but(problem)


def _ask(number: int, model: GlobalModel, asking: Asking, ledger: Ledger, sites: list[str], take: Any) -> None:
    present = asking.connected(sites)
    if not present:
        return
    asking.with_weights(tasks.TRAIN, model.to_send(), present, ledger, take, number=number)


def _control_changes(answer: Answer, sent: Arrays) -> Arrays:
    """By how much a site's control variate has changed, under the names that the server's mean has; nothing without SCAFFOLD."""
    travelled = float(answer.report.get(TRAVELLED, np.nan))
    if travelled == 0.0:  # no step was made
        return {f"{CONTROL}{name}": np.zeros_like(control) for name, control in sent.items()}
    if travelled < 0.0:
        travelled = np.nan
    return {f"{CONTROL}{name}": control_change(answer.values[name], travelled, control) for name, control in sent.items()}


def _site_weights(model: GlobalModel, answer: Answer) -> Arrays:
    """The weights that a site has after its training."""
    return {name: (model.weights[name] + answer.values[name]).astype(model.kinds[name]) for name in model.shared}


def _without_metric(part: Participation) -> Participation:
    return Participation(**{**part.__dict__, "metric": None})


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
