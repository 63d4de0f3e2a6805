from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nodulescope.bundles.metrics.agreement import (
    auc,
    mean_of_the_others,
    quadratic_weighted_kappa,
    ranking_figures,
    rating_figures,
    rounded,
    spearman,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_kappa_is_cohens_formula(rng: np.random.Generator) -> None:
    """1 - sum(w * observed) / sum(w * expected), written out pair by pair."""
    first, second = rng.integers(1, 6, 200).astype(float), rng.integers(1, 6, 200).astype(float)
    second[:120] = first[:120]
    observed = np.mean((first - second) ** 2)
    expected = np.mean([(a - b) ** 2 for a in first for b in second])
    assert quadratic_weighted_kappa(first, second) == pytest.approx(1 - observed / expected)
    assert quadratic_weighted_kappa(first, first) == 1.0
    assert quadratic_weighted_kappa(first, 6.0 - first) < -0.9
    assert math.isnan(quadratic_weighted_kappa(np.full(4, 2.0), np.full(4, 2.0)))


def test_spearman_is_the_correlation_of_ranks(rng: np.random.Generator) -> None:
    first = rng.integers(1, 6, 100).astype(float)
    second = first + rng.normal(0, 1, 100)
    expected = np.corrcoef(stats.rankdata(first), stats.rankdata(second))[0, 1]
    assert spearman(first, second) == pytest.approx(expected)
    assert math.isnan(spearman(np.ones(5), second[:5]))
    assert math.isnan(spearman(first[:2], second[:2]))


def test_auc_is_the_mann_whitney_statistic(rng: np.random.Generator) -> None:
    score, positive = rng.integers(0, 9, 80).astype(float), rng.random(80) > 0.6
    u = stats.mannwhitneyu(score[positive], score[~positive]).statistic
    assert auc(score, positive) == pytest.approx(u / (positive.sum() * (~positive).sum()))


def test_threes_are_left_out_or_counted_on_either_side() -> None:
    truth, score = np.array([1.0, 3.0, 5.0]), np.array([1.0, 5.0, 3.0])
    found = ranking_figures(score, truth)
    assert found["auc"] == 1.0
    assert found["auc_threes_benign"] == 0.5  # the three outscores the malignant one
    assert found["auc_threes_malignant"] == 1.0
    assert found["spearman"] == pytest.approx(0.5)


def test_hand_computed_ratings() -> None:
    truth = np.array([1.0, 2.5, 3.0, 3.5, 4.5])
    opinion = np.array([2.0, 3.5, 3.0, 4.6, 3.4])
    found = rating_figures(opinion, truth)
    assert found["mae"] == pytest.approx((1.0 + 1.0 + 0.0 + 1.1 + 1.1) / 5)
    assert found["within_one"] == pytest.approx(3 / 5)  # exactly one step is within one step
    # Rounded: truth 1, 2, 3, 4, 4; opinion 2, 4, 3, 5, 3.
    assert found["three_class"] == pytest.approx(3 / 5)
    assert found["kappa"] == pytest.approx(quadratic_weighted_kappa(np.array([2.0, 4, 3, 5, 3]), np.array([1.0, 2, 3, 4, 4])))


def test_figures_of_nothing_are_no_numbers() -> None:
    nothing = np.empty(0)
    assert all(math.isnan(value) for value in (ranking_figures(nothing, nothing) | rating_figures(nothing, nothing)).values())


@given(st.lists(st.floats(1.0, 5.0), min_size=1, max_size=20))
def test_rounding_treats_both_sides_of_three_alike(ratings: list[float]) -> None:
    values = np.array(ratings)
    mirrored = 6.0 - rounded(6.0 - values)
    near_half = np.abs(np.abs(values - np.floor(values)) - 0.5) < 1e-9  # 6 - v may round to the other side of a half
    np.testing.assert_array_equal(rounded(values)[~near_half], mirrored[~near_half])
    assert rounded(np.array([1.5, 2.5, 3.5, 4.5])).tolist() == [2.0, 2.0, 4.0, 4.0]


def test_each_reader_is_compared_with_the_others_only() -> None:
    nan = math.nan
    ratings = np.array([[5.0, 3.0, 4.0, nan], [2.0, nan, nan, nan], [nan, nan, nan, nan], [1.0, 2.0, nan, nan]])
    expected = np.array([[3.5, 4.5, 4.0, nan], [nan] * 4, [nan] * 4, [2.0, 1.0, nan, nan]])
    np.testing.assert_array_equal(mean_of_the_others(ratings), expected)
