"""How far a FROC curve depends on the scans that happened to be in the test set: the bootstrap of the LUNA16 protocol."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nodulescope.bundles.metrics.froc import RankedMarks

RESAMPLES = 1000
"""As many as LUNA16's script draws (its ``bNumberOfBootstrapSamples``)."""

CONFIDENCE = 0.95
"""Share of the resamples inside the interval (its ``bConfidence``)."""

REPORT_EVERY = 100
"""Resamples, a fraction of a second, between two calls of ``progress``."""


def resampled_sensitivities(
    ranked: RankedMarks,
    rates: ArrayLike,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float64]:
    """Sensitivities of test sets that are drawn, scan by scan and with replacement, from the test set at hand.

    Args:
        ranked: the marks of all scans.
        rates: false positives per scan, shape (r,).
        resamples: how many test sets are drawn, each with as many scans as there are.
        seed: the same seed draws the same sets.
        progress: called now and then with the number of sets that are done.

    Returns:
        Shape (resamples, r). A set without any nodule has no sensitivity: its row is NaN.
    """
    rng = np.random.default_rng(seed)
    scans = len(ranked.nodules)
    drawn = np.empty((resamples, np.size(rates)))
    for number in range(resamples):
        copies = np.bincount(rng.integers(scans, size=scans), minlength=scans)
        drawn[number] = ranked.sensitivities(rates, copies)
        if (number + 1) % REPORT_EVERY == 0:
            progress(number + 1)
    return drawn


def interval(drawn: NDArray[np.float64], confidence: float = CONFIDENCE) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The range that holds the middle share of the values, one column at a time.

    Both ends are values that were drawn, at the places in the sorted column that LUNA16's script takes: of 1000 the 26th and the 976th.

    Args:
        drawn: shape (resamples, ...); rows with NaN do not count.
        confidence: the share inside.

    Returns:
        Lower and upper ends, shape (...); NaN where no row counts.
    """
    complete = np.isfinite(drawn).all(axis=tuple(range(1, drawn.ndim)))
    ordered = np.sort(drawn[complete], axis=0)
    if not len(ordered):
        return np.full(drawn.shape[1:], np.nan), np.full(drawn.shape[1:], np.nan)
    outside = (1.0 - confidence) / 2.0
    # Rounded first: (1 - 0.95) / 2 * 1000 is a hair more than 25, (1 - 0.9) / 2 * 100 a hair less than 5.
    lower, upper = (math.floor(round(share * len(ordered), 6)) for share in (outside, 1.0 - outside))
    return ordered[lower], ordered[min(upper, len(ordered) - 1)]
