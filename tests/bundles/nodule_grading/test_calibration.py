from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.nodule_grading.calibration import Platt, calibrate_heads, fit_platt, logits_of
from nodulescope.bundles.nodule_grading.network import C3D
from nodulescope.bundles.nodule_grading.ratings import HEADS


def miscalibrated(scale: float, bias: float, cases: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a network that is too sure of itself and leans to one side, with outcomes that follow ``scale * logit + bias``."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0.5, 3.0, cases)
    return logits, (rng.random(cases) < expit(scale * logits + bias)).astype(float)


@pytest.mark.parametrize(("scale", "bias"), [(0.4, -0.8), (1.0, 0.0), (2.5, 1.2)])
def test_the_true_scale_and_bias_are_found(scale: float, bias: float) -> None:
    fit = fit_platt(*miscalibrated(scale, bias))
    assert fit.scale == pytest.approx(scale, rel=0.06)
    assert fit.bias == pytest.approx(bias, abs=0.08)


def test_shares_of_readers_are_outcomes_too() -> None:
    logits = np.linspace(-4, 4, 5000)
    fit = fit_platt(logits, expit(0.5 * logits + 1.0))
    assert (fit.scale, fit.bias) == (pytest.approx(0.5, rel=0.01), pytest.approx(1.0, abs=0.01))


def test_a_weight_is_a_repetition() -> None:
    logits, outcomes = miscalibrated(0.5, 0.3, 400)
    weights = np.random.default_rng(1).integers(0, 4, 400)
    weighted = fit_platt(logits, outcomes, weights)
    repeated = fit_platt(np.repeat(logits, weights), np.repeat(outcomes, weights))
    assert (weighted.scale, weighted.bias) == (pytest.approx(repeated.scale, abs=1e-4), pytest.approx(repeated.bias, abs=1e-4))


def test_the_fit_is_the_minimum_of_the_regularised_loss() -> None:
    """Against the cross-entropy written out on a grid around the fit."""
    logits, outcomes = miscalibrated(0.6, -0.5, 60)

    def loss(log_scale: float, bias: float) -> float:
        p = expit(np.exp(log_scale) * logits + bias)
        return float(-(outcomes * np.log(p) + (1 - outcomes) * np.log(1 - p)).sum() + 0.5 * (log_scale**2 + bias**2))

    fit = fit_platt(logits, outcomes)
    best = loss(np.log(fit.scale), fit.bias)
    assert all(best <= loss(np.log(fit.scale) + a, fit.bias + b) + 1e-6 for a in (-0.02, 0, 0.02) for b in (-0.02, 0, 0.02))


def test_order_is_kept_even_where_the_network_is_worse_than_chance() -> None:
    logits = np.linspace(-3, 3, 200)
    fit = fit_platt(logits, (logits < 0).astype(float))
    assert 0 < fit.scale < 0.1


def test_one_class_and_no_case_stay_within_reason() -> None:
    assert fit_platt([], []) == Platt(1.0, 0.0)
    one_class = fit_platt(np.zeros(50), np.ones(50))
    assert 0 < one_class.bias < 5


def test_probabilities_and_logits_agree() -> None:
    probabilities = np.array([0.0, 0.1, 0.5, 1.0])
    assert np.isfinite(logits_of(probabilities)).all()
    assert Platt(1.0, 0.0).probabilities(probabilities) == pytest.approx(probabilities, abs=1e-6)
    assert Platt(2.0, 1.0).probabilities([0.5]) == pytest.approx(expit([1.0]))


def test_calibration_in_the_heads_is_calibration_of_the_answers() -> None:
    torch.manual_seed(0)
    network = C3D(len(HEADS), channels=(4, 4, 8, 8)).eval()
    cubes = torch.rand(3, 1, 30, 30, 30)
    fits = {"nodule": Platt(0.5, 0.25), "malignant": Platt(3.0, -1.0)}
    with torch.no_grad():
        before = network(cubes).flatten(1)
        keys = list(network.state_dict())
        calibrate_heads(network, fits)
        after = network(cubes).flatten(1)
    for name, fit in fits.items():
        head = HEADS.index(name)
        torch.testing.assert_close(after[:, head], before[:, head] * fit.scale + fit.bias)
    torch.testing.assert_close(after[:, 2:], before[:, 2:])
    assert list(network.state_dict()) == keys


def test_other_networks_are_refused() -> None:
    for network in (torch.nn.Linear(3, 10), C3D(2, channels=(4, 4, 4, 4))):
        with pytest.raises(BundleError, match="only weights of the C3D"):
            calibrate_heads(network, {"nodule": Platt()})
