"""At the end: how good the weights are, and at whose data."""

from __future__ import annotations

from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.server.asking import Answer, Asking
from nodulescope.federated.server.global_model import GlobalModel
from nodulescope.federated.server.run_state import BEST, LAST, RunFolder
from nodulescope.federated.wire import tasks
from nodulescope.federated.wire.arrays import Arrays

GLOBAL_LAST = "last"
GLOBAL_BEST = "best"
PERSONAL = "personal"
"""Rows of the evaluation, beside one per site."""


def evaluate_all(model: GlobalModel, ledger: Ledger, asking: Asking, folder: RunFolder) -> None:
    """Measure the last weights at every site; with cross-site evaluation also the best ones and every site's; then the personal ones.

    Each model is sent to every site in turn, so that the server holds one of them at a time.
    """
    settings = ledger.settings
    last = len(ledger.rounds)
    _measure(GLOBAL_LAST, model.weights, tasks.EVALUATE, model, ledger, asking)
    mean = _mean_metric(ledger, GLOBAL_LAST)
    if mean is not None:
        ledger.global_metric[last] = mean
        if ledger.best is None or mean > ledger.global_metric.get(ledger.best, float("-inf")):
            ledger.best = last
            folder.keep_weights(model.weights, BEST)
    if settings.cross_site:
        best = folder.weights(BEST)
        if best is not None and ledger.best != last:
            _measure(GLOBAL_BEST, best, tasks.EVALUATE, model, ledger, asking)
        for site in settings.sites:
            own = folder.weights(f"site_{site}.pt")
            if own is not None:
                _measure(site, own, tasks.EVALUATE, model, ledger, asking)
    if settings.personal_epochs:
        _measure(PERSONAL, model.weights, tasks.PERSONAL, model, ledger, asking)
    folder.keep_weights(model.weights, LAST)


def _measure(row: str, weights: Arrays, task: str, model: GlobalModel, ledger: Ledger, asking: Asking) -> None:
    metrics: dict[str, dict[str, float]] = {}

    def take(site: str, answer: Answer) -> None:
        if answer.reason is None:
            metrics[site] = {name: float(value) for name, value in answer.values.items()}
            metrics[site]["validation_cases"] = float(answer.report.get("validation_cases", 0))

    sites = asking.connected(ledger.settings.sites)
    if sites:
        asking.with_weights(task, {name: weights[name] for name in model.shared}, sites, ledger, take)
    ledger.evaluation[row] = dict(sorted(metrics.items()))


def _mean_metric(ledger: Ledger, row: str) -> float | None:
    """Mean key metric over all validation cases."""
    measured = [site for site in ledger.evaluation[row].values() if ledger.key_metric in site]
    cases = sum(site["validation_cases"] for site in measured)
    return sum(site[ledger.key_metric] * site["validation_cases"] for site in measured) / cases if cases else None
