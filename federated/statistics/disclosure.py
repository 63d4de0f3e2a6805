"""What of a site's values may be told: nothing that belongs to only a few patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodulescope.federated.statistics.features import LEAST_PATIENTS, Feature
from nodulescope.federated.statistics.site_values import Values


@dataclass(frozen=True)
class Told:
    """What a site tells about one feature.

    Attributes:
        patients: how many it has values of; 0 where they are too few to be told.
        count: number of values; 0 likewise.
        mean: of the values, cut to the feature's range; None likewise.
        spread: standard deviation; None likewise.
        histogram: values per bin; bins of too few patients hold 0. None likewise.
    """

    patients: int = 0
    count: int = 0
    mean: float | None = None
    spread: float | None = None
    histogram: NDArray[np.int64] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values; figures to four digits, which is all that a report needs."""
        if self.histogram is None or self.mean is None or self.spread is None:
            return {"patients": 0}
        return {
            "patients": self.patients,
            "count": self.count,
            "mean": float(f"{self.mean:.4g}"),
            "spread": float(f"{self.spread:.4g}"),
            "histogram": self.histogram.tolist(),
        }


def disclose(values: Values, feature: Feature, least_patients: int = LEAST_PATIENTS) -> Told:
    """Reduce a site's values to what may leave it.

    Args:
        values: with their patients.
        feature: gives the bins.
        least_patients: fewer patients are not told; at least :data:`LEAST_PATIENTS`, whatever is asked for.
    """
    least = max(least_patients, LEAST_PATIENTS)
    patients = len(np.unique(values.patients))
    if patients < least:
        return Told()
    cut = np.clip(values.values, feature.low, feature.high)  # one extreme patient must not show in the mean
    places = np.clip(np.digitize(cut, feature.edges) - 1, 0, feature.bins - 1)
    histogram = np.bincount(places, minlength=feature.bins)
    pairs = np.unique(np.stack([places, values.patients]), axis=1)
    in_bin = np.bincount(pairs[0], minlength=feature.bins)
    histogram[in_bin < least] = 0
    return Told(patients, len(cut), float(cut.mean()), float(cut.std()), histogram)
