import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from nodulescope.bundles.errors import UsageError
from nodulescope.federated.privacy.accountant import Release, delta_at, epsilon_spent, noise_for


def test_nothing_released_costs_nothing():
    assert epsilon_spent([], 1e-5) == 0.0


def test_delta_is_the_largest_gap_between_the_two_outcomes():
    # By definition δ(ε) = sup over sets S of P(S) - e^ε Q(S); for two Gaussians the best S is a half line.
    mu, epsilon = 1.3, 0.8
    thresholds = np.linspace(-10, 10, 200_001)
    gaps = norm.sf(thresholds - mu) - math.exp(epsilon) * norm.sf(thresholds)
    assert delta_at(epsilon, mu) == pytest.approx(gaps.max(), abs=1e-8)


def test_epsilon_of_one_release_matches_published_value():
    # Balle and Wang's calibration: ε = 1, δ = 1e-5, sensitivity 1 needs σ = 3.730632 (their reference implementation). Ours is 2.
    assert epsilon_spent([Release(2 * 3.730632)], 1e-5) == pytest.approx(1.0, abs=1e-5)


def test_many_releases_are_one_with_less_noise():
    assert epsilon_spent([Release(8.0)] * 16, 1e-6) == pytest.approx(epsilon_spent([Release(2.0)], 1e-6))
    # 1/2² + 1/2² = 1/(√2)²
    assert epsilon_spent([Release(2.0), Release(2.0)], 1e-6) == pytest.approx(epsilon_spent([Release(math.sqrt(2))], 1e-6))


def test_it_is_tighter_than_renyi_accounting():
    # Mironov 2017: RDP of order a is a μ²/2; ε = min over a of a μ²/2 + log(1/δ)/(a - 1).
    mu, delta = 2.0 / 4.0 * math.sqrt(10), 1e-5
    orders = np.linspace(1.01, 100, 10_000)
    renyi = (orders * mu**2 / 2 + math.log(1 / delta) / (orders - 1)).min()
    exact = epsilon_spent([Release(4.0)] * 10, delta)
    assert exact < renyi
    assert exact > 0.6 * renyi


def test_hardly_any_noise_is_no_guarantee():
    assert epsilon_spent([Release(1e-5)], 1e-5) == math.inf


@given(st.floats(0.1, 50), st.floats(1e-10, 1e-2), st.integers(1, 500))
def test_calibrated_noise_spends_the_budget_exactly(epsilon, delta, rounds):
    assert epsilon_spent([Release(noise_for(epsilon, delta, rounds))] * rounds, delta) == pytest.approx(epsilon, rel=1e-6)


@pytest.mark.parametrize("multiplier", [0.0, -1.0, math.nan, math.inf])
def test_noise_must_be_there(multiplier):
    with pytest.raises(UsageError, match="must be above 0"):
        Release(multiplier)


@pytest.mark.parametrize("delta", [0.0, 1.0, -1e-5])
def test_delta_is_a_chance(delta):
    with pytest.raises(UsageError, match="δ must lie between 0 and 1"):
        epsilon_spent([Release(1.0)], delta)
