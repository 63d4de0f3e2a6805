from __future__ import annotations

import math

import numpy as np
import pytest

from nodulescope.bundles.metrics.froc import ScanOutcome, rank_marks
from nodulescope.bundles.metrics.froc_bootstrap import interval, resampled_sensitivities


def outcomes(seed: int = 0) -> list[ScanOutcome]:
    """Forty scans with up to three nodules, found or not, and up to four false marks; scores in steps of 0.1, so that some are equal."""
    rng = np.random.default_rng(seed)
    scans = []
    for _ in range(40):
        hits = np.where(rng.random(rng.integers(4)) < 0.7, 1.0, -np.inf)
        hits = np.where(np.isfinite(hits), rng.integers(1, 10, len(hits)) / 10.0, hits)
        scans.append(ScanOutcome(hits, rng.integers(1, 10, rng.integers(5)) / 10.0))
    return scans


def test_drawing_scans_is_the_same_as_evaluating_the_drawn_scans() -> None:
    scans = outcomes()
    rates = (0.125, 1.0, 3.0)
    drawn = resampled_sensitivities(rank_marks(scans), rates, resamples=5, seed=3)
    rng = np.random.default_rng(3)
    for row in drawn:
        picked = [scans[i] for i in rng.integers(40, size=40)]
        np.testing.assert_allclose(row, rank_marks(picked).sensitivities(rates), atol=1e-12)


def test_the_same_seed_draws_the_same_sets_and_another_seed_others() -> None:
    ranked = rank_marks(outcomes())
    first, again, other = (resampled_sensitivities(ranked, (0.5,), resamples=20, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_progress_is_told() -> None:
    told: list[int] = []
    resampled_sensitivities(rank_marks(outcomes()), (1.0,), resamples=250, progress=told.append)
    assert told == [100, 200]


def test_a_set_without_nodules_has_no_sensitivity_and_does_not_count() -> None:
    ranked = rank_marks([ScanOutcome(np.array([0.5]), np.array([])), ScanOutcome(np.array([]), np.array([0.9]))])
    drawn = resampled_sensitivities(ranked, (1.0, 2.0), resamples=200)
    assert 0 < np.isnan(drawn[:, 0]).sum() < 200
    lower, upper = interval(drawn)
    assert (lower[1], upper[1]) == (1.0, 1.0)


def test_the_ends_of_an_interval_are_those_of_luna16s_script() -> None:
    shuffled = np.random.default_rng(0).permutation(1000).astype(float)
    lower, upper = interval(np.stack([shuffled, -shuffled], axis=1))
    assert lower.tolist() == [25.0, -974.0]
    assert upper.tolist() == [975.0, -24.0]
    assert [float(end) for end in interval(np.arange(100.0), confidence=0.9)] == [5.0, 95.0]
    assert [float(end) for end in interval(np.array([7.0]))] == [7.0, 7.0]


def test_an_interval_of_nothing_is_nan() -> None:
    lower, upper = interval(np.empty((0, 2)))
    assert np.isnan(lower).tolist() == np.isnan(upper).tolist() == [True, True]
    assert math.isnan(float(interval(np.full(3, np.nan))[0]))


def test_the_interval_covers_what_other_scans_would_give() -> None:
    drawn = resampled_sensitivities(rank_marks(outcomes()), (1.0,), resamples=500)
    lower, upper = interval(drawn)
    others = [float(rank_marks(outcomes(seed)).sensitivities((1.0,))[0]) for seed in range(1, 101)]
    assert np.mean([lower[0] <= value <= upper[0] for value in others]) > 0.8
    assert float(drawn.std()) == pytest.approx(np.std(others), rel=0.35)
