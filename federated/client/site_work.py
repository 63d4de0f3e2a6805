"""What a site does for a job: one method per task."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from ignite.engine import Events
from nvflare.apis.dxo import DXO, DataKind, MetaKey
from nvflare.apis.signal import Signal

from nodulescope.bundles.errors import BundleError, InputError, NodulescopeError
from nodulescope.bundles.training.checkpoints import save_weights
from nodulescope.federated.client.corrections import ControlVariate, proximal_term
from nodulescope.federated.client.local_bundle import LocalBundle
from nodulescope.federated.client.memory import SiteMemory
from nodulescope.federated.client.opening import Refused
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import Place
from nodulescope.federated.wire import tasks
from nodulescope.federated.wire.arrays import Arrays, to_arrays
from nodulescope.federated.wire.shared_names import shared_names

PERSONAL = "personal.pt"
"""The site's own weights at the end, in its state folder."""


class SiteWork:
    """A site's bundle, and what the rounds did to it so far.

    Args:
        settings: the job's.
        place: where the site works.

    Raises:
        Refused: the bundle cannot be built with this site's data and settings.
    """

    def __init__(self, settings: JobSettings, place: Place) -> None:
        self.settings = settings
        self.bundle = _opened(settings, place)
        self.shared = shared_names(self.bundle.network.state_dict(), settings.kept_at_site)
        self.controls = ControlVariate(self.bundle.network) if settings.algorithm == "scaffold" else None
        self.memory = SiteMemory(self.bundle, self.controls)
        if not (settings.resume and self.memory.recall()):
            self.memory.keep(0)
        self._signal: Signal | None = None
        for engine in (self.bundle.trainer, self.bundle.evaluator):
            engine.add_event_handler(Events.ITERATION_COMPLETED, self._heed_signal)

    def stop_on(self, signal: Signal) -> None:
        """End training and evaluation when the run is aborted."""
        self._signal = signal

    def _heed_signal(self, engine: Any) -> None:
        if self._signal is not None and self._signal.triggered:
            engine.terminate()

    def check(self) -> DXO:
        """What the server has to know before the first round: sizes, and the shapes of what will be shared."""
        state = self.bundle.network.state_dict()
        shapes = {name: list(state[name].shape) for name in self.shared}
        report = {"cases": self.bundle.cases, "validation_cases": self.bundle.validation_cases, "key_metric": self.bundle.key_metric}
        return DXO(DataKind.METRICS, {"shapes": shapes}, {tasks.REPORT: report})

    def train_round(self, number: int, weights: Mapping[str, torch.Tensor], controls: Mapping[str, torch.Tensor], measure: bool) -> DXO:
        """Train one round from the server's weights.

        Returns:
            By how much training changed each shared value.
        """
        self.bundle.load(weights)
        metrics = self.bundle.evaluate() if measure else {}
        start = self._shared_arrays()
        correction: Any = nullcontext()
        if self.settings.algorithm == "fedprox":
            correction = proximal_term(self.bundle.network, self.bundle.optimizer, self.settings.proximal)
        elif self.controls is not None:
            correction = self.controls.correct(self.bundle.optimizer, controls)
        try:
            with correction:
                steps, loss = self.bundle.train(self.settings.local_epochs)
        except Exception:
            self.memory.recall()  # begin the next round as if this one had not been
            raise
        result = {name: np.asarray(value - start[name]) for name, value in self._shared_arrays().items()}
        if not all(np.isfinite(value).all() for value in result.values()):
            self.memory.recall()
            raise Refused(Reason.NOT_FINITE, f"round {number}: training gave values that are not finite; lower the learning rate")
        self.memory.keep(number)
        report = {**self._sizes(), "steps": steps, "loss": loss, "metric": metrics.get(self.bundle.key_metric)}
        if self.controls is not None:
            report[tasks.TRAVELLED] = self.controls.travelled
        return DXO(DataKind.WEIGHT_DIFF, result, {MetaKey.NUM_STEPS_CURRENT_ROUND: steps, tasks.REPORT: report})

    def evaluate(self, weights: Mapping[str, torch.Tensor]) -> DXO:
        """All metrics of given weights on this site's validation cases."""
        self.bundle.load(weights)
        return DXO(DataKind.METRICS, dict(self.bundle.evaluate()), {tasks.REPORT: self._sizes()})

    def personalise(self, weights: Mapping[str, torch.Tensor]) -> DXO:
        """Train given weights further for this site alone; they stay here, and only their metrics are told."""
        self.bundle.load(weights)
        self.bundle.train(self.settings.personal_epochs)
        save_weights(self.bundle.network, self.bundle.folder / PERSONAL)
        return DXO(DataKind.METRICS, dict(self.bundle.evaluate()), {tasks.REPORT: self._sizes()})

    def _sizes(self) -> dict[str, int]:
        return {"cases": self.bundle.cases, "validation_cases": self.bundle.validation_cases}

    def _shared_arrays(self) -> Arrays:
        state = self.bundle.network.state_dict()
        return to_arrays({name: state[name] for name in self.shared})


def _opened(settings: JobSettings, place: Place) -> LocalBundle:
    if place.site is None:
        raise Refused(Reason.NO_SITE_FILE, "this process belongs to no site")
    try:
        bundle = LocalBundle(settings, place, place.site)
        cases = min(bundle.cases, bundle.validation_cases)
    except NodulescopeError as error:
        raise Refused(_reason_of(error), str(error)) from error
    except Exception as error:  # MONAI and the bundle's own code raise many kinds; the cause is often one of ours
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, NodulescopeError):
            cause = cause.__cause__
        raise Refused(Reason.BAD_SETTINGS if cause is None else _reason_of(cause), str(cause or error)) from error
    if not cases:
        raise Refused(Reason.NO_DATA, f"{place.site.datalist}: needs cases to train and to validate on")
    return bundle


def _reason_of(error: BaseException) -> Reason:
    if isinstance(error, BundleError):
        return Reason.BAD_SETTINGS
    return Reason.UNREADABLE_DATA if isinstance(error, InputError) else Reason.BAD_SETTINGS
