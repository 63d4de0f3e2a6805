"""Graded cases as arrays, ready to be drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.metrics.agreement import mean_of_the_others
from nodulescope.bundles.metrics.graded_cases import GradedCase
from nodulescope.bundles.nodule_grading.ratings import UNDECIDED

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GradingArrays:
    """Cases as arrays, one entry per case; NaN where there is no number.

    Attributes:
        patients: whose.
        nodule: whether there is one.
        ratings: readers' malignancy, shape (n, readers).
        mean: its mean, NaN without a reader.
        votes: share of readers above 3, a 3 counted half.
        columns: each opinion's score, ascending with malignancy: ``network``, ``probability``, ``size``, ``slice_cnn``.
        steps: opinions that are ratings from 1 to 5: ``network``, ``size``.
        probability: of a nodule.
    """

    patients: tuple[str, ...]
    nodule: NDArray[np.bool_]
    ratings: Floats
    mean: Floats
    votes: Floats
    columns: Mapping[str, Floats]
    steps: Mapping[str, Floats]
    probability: Floats

    @property
    def rated(self) -> NDArray[np.bool_]:
        """Cases that are compared with readers."""
        return ~np.isnan(self.mean)


def grading_arrays(cases: Sequence[GradedCase]) -> GradingArrays:
    """Arrays of cases. An opinion that is missing for one rated case is left out for all: columns are of the same cases."""
    most = max((len(case.reader_malignancy) for case in cases), default=0)
    ratings = np.full((len(cases), max(most, 1)), math.nan)
    for row, case in enumerate(cases):
        ratings[row, : len(case.reader_malignancy)] = case.reader_malignancy
    given = ~np.isnan(ratings)
    readers = given.sum(axis=1)
    shown = np.where(readers > 0, readers, math.nan)
    mean = np.nansum(ratings, axis=1) / shown
    votes = (given * (0.5 + 0.5 * np.sign(np.nan_to_num(ratings) - UNDECIDED))).sum(axis=1) / shown
    offered = {
        "network": _numbers(cases, "malignancy"),
        "probability": _numbers(cases, "malignancy_probability"),
        "size": _numbers(cases, "diameter_mm"),
        "slice_cnn": _numbers(cases, "slice_cnn_probability"),
    }
    rated = ~np.isnan(mean)
    columns = {name: values for name, values in offered.items() if rated.any() and not np.isnan(values[rated]).any()}
    steps = {
        name: offered[name] if name == "network" else _numbers(cases, "size_malignancy") for name in ("network", "size") if name in columns
    }
    return GradingArrays(
        patients=tuple(case.patient for case in cases),
        nodule=np.array([case.nodule for case in cases], dtype=bool),
        ratings=ratings,
        mean=mean,
        votes=votes,
        columns=columns,
        steps={name: values for name, values in steps.items() if not np.isnan(values[rated]).any()},
        probability=_numbers(cases, "probability"),
    )


@dataclass(frozen=True)
class ReaderPairs:
    """Each reader beside the mean of the others: one entry per reader and nodule.

    Attributes:
        rating: the reader's.
        others: mean of the other readers of that nodule.
        network: the network's malignancy of that nodule.
        places: whose nodule it is, as :meth:`~nodulescope.bundles.metrics.bootstrap.PatientBootstrap.places` numbers patients.
    """

    rating: Floats
    others: Floats
    network: Floats
    places: NDArray[np.intp]


def reader_pairs(arrays: GradingArrays, places: NDArray[np.intp]) -> ReaderPairs:
    """All pairs of nodules that two or more readers rated; ``places`` has one entry per case."""
    others = mean_of_the_others(arrays.ratings)
    case, reader = np.nonzero(~np.isnan(others))
    return ReaderPairs(arrays.ratings[case, reader], others[case, reader], arrays.columns["network"][case], places[case])


def _numbers(cases: Sequence[GradedCase], name: str) -> Floats:
    return np.array([getattr(case, name) for case in cases], dtype=np.float64)
