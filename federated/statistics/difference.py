"""How different sites are: what they told, held against each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.distance import jensenshannon

from nodulescope.bundles.errors import InputError
from nodulescope.federated.statistics.features import FEATURES, Feature

ALIKE = 0.1
DIFFERENT = 0.3
"""Distances up to the first are what two samples of the same patients may show; from the second on most of the values lie apart."""


@dataclass(frozen=True)
class Difference:
    """Two sites in one feature.

    Attributes:
        feature: which.
        first: name of a site.
        second: name of another.
        distance: Jensen-Shannon distance of their histograms to base 2: 0 the same, 1 without any overlap (Lin, IEEE Trans Inf Theory 37,
            1991; its square root is a metric).
    """

    feature: Feature
    first: str
    second: str
    distance: float

    @property
    def verdict(self) -> str:
        """In a word."""
        return "alike" if self.distance <= ALIKE else "different" if self.distance < DIFFERENT else "very different"


@dataclass(frozen=True)
class Statistics:
    """What the sites of a federation told.

    Attributes:
        sites: by site and feature: patients, count, mean, spread, histogram.
        absent: by site, why it told nothing.
    """

    sites: Mapping[str, Mapping[str, Mapping[str, Any]]]
    absent: Mapping[str, str]

    def differences(self) -> list[Difference]:
        """Of every two sites in every feature that both tell, the largest first."""
        found = []
        for feature in FEATURES:
            told = {site: values[feature.name] for site, values in self.sites.items() if any(values[feature.name].get("histogram", ()))}
            for first, second in combinations(told, 2):
                shares = [np.asarray(told[site]["histogram"], float) for site in (first, second)]
                found.append(Difference(feature, first, second, float(jensenshannon(*shares, base=2))))
        return sorted(found, key=lambda difference: -difference.distance)

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        differences = [
            {"feature": d.feature.name, "sites": [d.first, d.second], "distance": round(d.distance, 4), "verdict": d.verdict}
            for d in self.differences()
        ]
        bins = {feature.name: list(feature.edges) for feature in FEATURES}
        return {"sites": dict(self.sites), "absent": dict(self.absent), "differences": differences, "bins": bins}


def read_statistics(path: Path) -> Statistics:
    """Read what the server wrote.

    Raises:
        InputError: it is no such file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Statistics(content["sites"], content["absent"])
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: holds no federated statistics") from error
