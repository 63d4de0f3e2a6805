"""One model of the experiment: trained by one hospital, on pooled data, or by a federation, always for the same number of epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from nodulescope.bundles.predictors.stages import find_bundle
from nodulescope.federated.bundle_identity import bundle_sha256
from nodulescope.federated.client.local_bundle import LocalBundle
from nodulescope.federated.experiment.hospital_data import TEST, HospitalData
from nodulescope.federated.experiment.one_process import federate_here
from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.server.global_model import GlobalModel
from nodulescope.federated.server.start import starting_network
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import Place
from nodulescope.federated.sites.site import Site
from nodulescope.federated.wire.arrays import to_tensors

TINY = ("train.yaml", "smoke.yaml")
"""Configurations whose networks a laptop trains in a minute."""

OVERRIDES: dict[str, dict[str, Any]] = {
    "nodule_grading": {"batch_size": 12, "learning_rate": 0.003},
    "nodule_detection": {"batch_size": 3, "patch": 48, "patches": 2, "repeats": 1, "learning_rate": 0.002},
}


@dataclass(frozen=True)
class Trained:
    """What came of one model.

    Attributes:
        metrics: on the joint test set.
        key_metric: name of the one that counts.
        bytes_per_round: largest payload of a site in one round, both ways together; 0 where nothing travelled.
    """

    metrics: dict[str, float]
    key_metric: str
    bytes_per_round: int = 0

    @property
    def score(self) -> float:
        """The metric that counts."""
        return self.metrics.get(self.key_metric, math.nan)


@dataclass(frozen=True)
class Recipe:
    """What is the same for all models of a bundle.

    Attributes:
        bundle: its name.
        rounds: of a federation.
        local_epochs: of each round; a model without a federation trains ``rounds * local_epochs`` epochs.
        seed: of the first weights, the same for all models.
        overrides: settings of the bundle.
    """

    bundle: str
    rounds: int
    local_epochs: int
    seed: int
    overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The bundle's folder."""
        return find_bundle(self.bundle, None)

    def settings(self, run: str, sites: tuple[str, ...], algorithm: str = "fedavg", **more: Any) -> JobSettings:
        """As a job has them."""
        return JobSettings(
            bundle=self.bundle,
            bundle_sha256=bundle_sha256(self.root),
            sites=sites,
            run=run,
            algorithm=algorithm,
            rounds=self.rounds,
            local_epochs=self.local_epochs,
            min_sites=1,
            start="random",
            configs=TINY,
            overrides={**OVERRIDES.get(self.bundle, {}), **self.overrides},
            seed=self.seed,
            **more,
        )


def train_alone(recipe: Recipe, data: HospitalData, who: str, work: Path) -> Trained:
    """Train on the data of one hospital, or on all of them pooled, and measure on the joint test set."""
    settings = recipe.settings(who, (who,))
    place = _place(who, data.datalist(who, recipe.bundle), work)
    bundle = LocalBundle(settings, place, place.site)  # type: ignore[arg-type]
    bundle.load(starting_network(settings, place).state_dict())
    bundle.train(recipe.rounds * recipe.local_epochs)
    return measure(recipe, data, bundle.network.state_dict(), work)


def train_together(recipe: Recipe, data: HospitalData, algorithm: str, work: Path) -> Trained:
    """Train in a federation of all hospitals, and measure its last weights on the joint test set."""
    names = tuple(hospital.name for hospital in data.hospitals)
    settings = recipe.settings(algorithm, names, algorithm)
    places = {name: _place(name, data.datalist(name, recipe.bundle), work) for name in names}
    model = GlobalModel(starting_network(settings, places[names[0]]), settings)
    ledger = federate_here(settings, places, model)
    found = measure(recipe, data, to_tensors(model.weights), work)
    return Trained(found.metrics, found.key_metric, largest_payload(ledger))


def measure(recipe: Recipe, data: HospitalData, weights: dict[str, torch.Tensor], work: Path) -> Trained:
    """All metrics of the bundle on the joint test set."""
    place = _place(TEST, data.datalist(TEST, recipe.bundle), work)
    bundle = LocalBundle(recipe.settings(TEST, (TEST,)), place, place.site)  # type: ignore[arg-type]
    bundle.load(
        to_tensors({name: value.float().numpy() if value.is_floating_point() else value.numpy() for name, value in weights.items()})
    )
    return Trained(bundle.evaluate(), bundle.key_metric)


def largest_payload(ledger: Ledger) -> int:
    """Bytes of the site and round with the most, both ways together."""
    return max((part.bytes_down + part.bytes_up for sites in ledger.rounds.values() for part in sites.values()), default=0)


def _place(who: str, datalist: Path, work: Path) -> Place:
    return Place(Site(who, datalist), work / "alone" / who, work / "alone", None)
