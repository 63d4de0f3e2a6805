"""Making the network's probabilities mean what they say, on patients it did not learn from.

Platt scaling (Platt 1999; with a scale alone it is the temperature of Guo et al., ICML 2017): a logit becomes ``scale * logit + bias``. The
heads are linear in the network's last features, so scale and bias go into a head's own weights and bias. The calibrated network is an
ordinary network of the same architecture: nothing is added that could be lost, and every program that loads the weights has calibrated
probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.nodule_grading.network import C3D
from nodulescope.bundles.nodule_grading.ratings import HEADS

Floats = NDArray[np.float64]

PRIOR_CASES = 1.0
"""Strength of the pull towards leaving logits as they are, in cases: nothing beside hundreds of cases, and a bound where a few cases, or
one class alone, would let scale or bias run away."""

CALIBRATED_HEADS = ("nodule", "malignant")
"""Heads whose probabilities a person reads."""

SMALLEST_PROBABILITY = 1e-7
"""Float32's last digit: a probability that was rounded to 0 or 1 has no logit of its own."""


@dataclass(frozen=True)
class Platt:
    """A probability's calibration.

    Attributes:
        scale: of the logit; positive, so that no order changes. Its inverse is the temperature.
        bias: added afterwards.
    """

    scale: float = 1.0
    bias: float = 0.0

    def logits(self, logits: ArrayLike) -> Floats:
        """Calibrated logits."""
        return self.scale * np.asarray(logits, dtype=np.float64) + self.bias

    def probabilities(self, probabilities: ArrayLike) -> Floats:
        """Calibrated probabilities of uncalibrated ones."""
        return np.asarray(expit(self.logits(logits_of(probabilities))))


def logits_of(probabilities: ArrayLike) -> Floats:
    """Logits of probabilities, finite ones for 0 and 1 too."""
    inside = np.clip(np.asarray(probabilities, dtype=np.float64), SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    return np.asarray(logit(inside))


def fit_platt(logits: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None) -> Platt:
    """The scale and bias with the least cross-entropy.

    Args:
        logits: of patients that the network did not learn from, shape (n,).
        targets: outcomes 0 to 1, same shape; a share of readers is an outcome too.
        weights: of the cases, same shape; all 1 when None.

    Returns:
        The fit; the identity without a case.
    """
    values, outcomes = np.asarray(logits, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    shares = np.ones_like(values) if weights is None else np.asarray(weights, dtype=np.float64)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        log_scale, bias = parameters  # the logarithm keeps the scale positive
        scaled = math.exp(log_scale) * values
        mapped = scaled + bias
        excess = shares * (expit(mapped) - outcomes)
        entropy = float((shares * (np.logaddexp(0.0, mapped) - outcomes * mapped)).sum())
        penalty = PRIOR_CASES / 2.0 * float(parameters @ parameters)
        return entropy + penalty, np.array([(excess * scaled).sum(), excess.sum()]) + PRIOR_CASES * parameters

    log_scale, bias = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-5.0, 5.0), (None, None)]).x
    return Platt(math.exp(log_scale), float(bias))


def calibrate_heads(network: torch.nn.Module, fits: Mapping[str, Platt]) -> None:
    """Work calibrations into a network's heads, in place.

    Args:
        network: a :class:`~nodulescope.bundles.nodule_grading.network.C3D`.
        fits: by head, fitted on this network's own answers.

    Raises:
        BundleError: the network has not these heads.
    """
    if not isinstance(network, C3D) or network.heads.out_channels != len(HEADS):
        raise BundleError("only weights of the C3D grading network can be calibrated; calibrate another network in its own bundle")
    bias = network.heads.bias
    assert bias is not None
    with torch.no_grad():
        for name, fit in fits.items():
            head = HEADS.index(name)
            network.heads.weight[head] *= fit.scale
            bias[head] = bias[head] * fit.scale + fit.bias
