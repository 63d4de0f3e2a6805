"""The whole experiment: every hospital alone, all data pooled, and federations, on the same test set."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nodulescope.federated.experiment.hospital_data import POOLED, HospitalData
from nodulescope.federated.experiment.training import Recipe, Trained, train_alone, train_together

FEDERATED = ("fedavg", "scaffold")

GOAL = 0.95
"""Share of the pooled model's gain over the mean of local models that a federation is to reach."""


@dataclass(frozen=True)
class BundleResult:
    """All models of one bundle.

    Attributes:
        bundle: its name.
        models: by hospital, ``pooled``, and algorithm.
        hospitals: which of the models are hospitals' own.
    """

    bundle: str
    models: dict[str, Trained] = field(default_factory=dict)
    hospitals: tuple[str, ...] = ()

    @property
    def local_mean(self) -> float:
        """Mean score of the hospitals' own models."""
        return sum(self.models[name].score for name in self.hospitals) / len(self.hospitals)

    def share_of_gain(self, algorithm: str) -> float:
        """How much of what pooling all data gains over the mean of local models a federation gains; NaN where pooling gains nothing."""
        pooled = self.models[POOLED].score - self.local_mean
        return (self.models[algorithm].score - self.local_mean) / pooled if pooled > 0 else math.nan

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        gains = {name: _rounded(self.share_of_gain(name)) for name in self.models if name in FEDERATED}
        return {
            "models": {name: asdict(model) for name, model in self.models.items()},
            "local_mean": _rounded(self.local_mean),
            "share_of_gain": gains,
        }


def run_study(recipe: Recipe, data: HospitalData, work: Path, done: Callable[[int], None], algorithms: Sequence[str]) -> BundleResult:
    """Train and measure all models of one bundle. What an interrupted study has finished is kept.

    Args:
        recipe: what is the same for all models.
        data: of the hospitals.
        work: folder for everything that comes of it.
        done: called with the number of models that are finished.
        algorithms: of the federations.
    """
    names = tuple(hospital.name for hospital in data.hospitals)
    models: dict[str, Trained] = {}
    for number, name in enumerate((*names, POOLED, *algorithms)):
        done(number)
        record = work / f"{name}.json"
        if record.is_file():
            models[name] = Trained(**json.loads(record.read_text(encoding="utf-8")))
            continue
        models[name] = train_together(recipe, data, name, work) if name in algorithms else train_alone(recipe, data, name, work)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(asdict(models[name]), indent=1) + "\n", encoding="utf-8")
    return BundleResult(recipe.bundle, models, names)


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
