from __future__ import annotations

import math

import numpy as np
import pytest

from nodulescope.bundles.metrics.calibration import brier_score, expected_calibration_error, reliability_curve


def test_hand_computed_bins() -> None:
    probability, outcome = np.array([0.05, 0.15, 0.15, 0.95, 1.0]), np.array([0.0, 0.0, 1.0, 1.0, 0.5])
    curve = reliability_curve(probability, outcome)
    assert curve.cases.tolist() == [1, 2, 2]
    assert curve.predicted == pytest.approx([0.05, 0.15, 0.975])
    assert curve.observed == pytest.approx([0.0, 0.5, 0.75])
    assert expected_calibration_error(probability, outcome) == pytest.approx((0.05 + 2 * 0.35 + 2 * 0.225) / 5)
    assert brier_score(probability, outcome) == pytest.approx((0.05**2 + 0.15**2 + 0.85**2 + 0.05**2 + 0.5**2) / 5)


def test_the_error_is_numpys_binning_written_out() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(500)
    outcome = (rng.random(500) < probability**2).astype(float)
    bins = np.minimum((probability * 10).astype(int), 9)
    expected = sum(abs((probability - outcome)[bins == b].sum()) for b in range(10)) / 500
    assert expected_calibration_error(probability, outcome) == pytest.approx(expected, abs=1e-6)
    assert expected > 0.1


def test_probabilities_that_come_true_have_no_error() -> None:
    probability = np.repeat([0.25, 0.75], 4)
    outcome = np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=float)
    assert expected_calibration_error(probability, outcome) == pytest.approx(0.0, abs=1e-7)


def test_nothing_has_no_calibration() -> None:
    nothing = np.empty(0)
    assert math.isnan(expected_calibration_error(nothing, nothing))
    assert math.isnan(brier_score(nothing, nothing))
