"""Intervals by drawing patients anew: nodules of one patient are alike, so the patient is what varies between one sample and the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
"""As many as LUNA16 takes for its intervals (Setio et al., Med Image Anal 42, 2017)."""

TAILS = (2.5, 97.5)
"""Percentiles between which the middle 95 % of the draws lie."""

REPORT_EVERY = 100
"""Draws, about a second, between two steps of a progress bar."""

LEAST_PATIENTS = 2
LEAST_SHARE = 0.5
"""Draws that must have a value before an interval is given: a draw without any malignant nodule has no AUC."""

Key = TypeVar("Key", bound=Hashable)
Counts = NDArray[np.intp]
"""How often each patient was drawn, in the order of :attr:`PatientBootstrap.patients`."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; NaN where there is none.

    Attributes:
        value: on all patients.
        low: lower end.
        high: upper end.
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    def to_json(self) -> dict[str, float | None]:
        """The three numbers; null where there is none."""
        return {name: number if math.isfinite(number) else None for name, number in vars(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Estimate:
        """Read what :meth:`to_json` wrote."""
        return cls(**{name: math.nan if values.get(name) is None else float(values[name]) for name in ("value", "low", "high")})


class PatientBootstrap:
    """Draws patients with replacement, the same ones for every figure, so that differences between columns are paired.

    Args:
        patients: every case's patient.
        draws: how often.
        seed: of the draws.
    """

    def __init__(self, patients: Iterable[str], draws: int = DRAWS, seed: int = 0) -> None:
        self.patients = tuple(sorted(set(patients)))
        self.draws = draws
        self.seed = seed
        self._places = {patient: place for place, patient in enumerate(self.patients)}

    def places(self, patients: Sequence[str]) -> NDArray[np.intp]:
        """Each row's patient as a place in :attr:`patients`."""
        return np.array([self._places[patient] for patient in patients], dtype=np.intp)

    def counts(self) -> Iterator[Counts]:
        """The draws."""
        rng = np.random.default_rng(self.seed)
        size = len(self.patients)
        for _ in range(self.draws):
            yield np.bincount(rng.integers(size, size=size), minlength=size)

    def estimates(self, measure: Callable[[Counts], Mapping[Key, float]], done: Callable[[int], None] | None = None) -> dict[Key, Estimate]:
        """Figures with percentile intervals.

        Args:
            measure: figures of a sample; :func:`repeated` turns its argument into row numbers.
            done: told now and then the number of finished draws, for a progress bar.
        """
        whole = measure(np.ones(len(self.patients), dtype=np.intp))
        drawn: dict[Key, list[float]] = {key: [] for key in whole}
        if len(self.patients) >= LEAST_PATIENTS:
            for number, counts in enumerate(self.counts(), 1):
                for key, value in measure(counts).items():
                    drawn[key].append(value)
                if done is not None and number % REPORT_EVERY == 0:
                    done(number)
        return {key: Estimate(float(value), *interval(drawn[key])) for key, value in whole.items()}


def repeated(counts: Counts, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Row numbers of a sample: every row as often as its patient was drawn."""
    return np.repeat(np.arange(len(places)), counts[places])


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of what the draws gave; NaN twice where most draws have no value."""
    known = [value for value in values if math.isfinite(value)]
    if not known or len(known) < LEAST_SHARE * len(values):
        return math.nan, math.nan
    low, high = np.percentile(known, TAILS)
    return float(low), float(high)
