"""Whether probabilities mean what they say."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from monai.metrics import calibration_binning
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 10
"""Equal parts of the scale from 0 to 1."""


@dataclass(frozen=True)
class ReliabilityCurve:
    """What was foretold and what came, in each bin that holds a case.

    Attributes:
        predicted: mean probability, shape (bins,).
        observed: mean outcome, same shape.
        cases: how many, same shape.
    """

    predicted: Floats
    observed: Floats
    cases: Floats


def reliability_curve(probability: Floats, outcome: Floats, bins: int = BINS) -> ReliabilityCurve:
    """Bin probabilities into equal parts of 0 to 1.

    Args:
        probability: shape (n,).
        outcome: 0 to 1, shape (n,); a share of readers is an outcome too.
        bins: how many parts.
    """
    predicted, observed, cases = (
        values[0, 0].double().numpy()
        for values in calibration_binning(torch.from_numpy(probability)[None, None], torch.from_numpy(outcome)[None, None], bins)
    )
    held = cases > 0
    return ReliabilityCurve(predicted[held], observed[held], cases[held])


def expected_calibration_error(probability: Floats, outcome: Floats, bins: int = BINS) -> float:
    """Mean distance between probability and outcome over the bins, weighted by their cases (Guo et al., ICML 2017); NaN without a case."""
    if not len(probability):
        return math.nan
    curve = reliability_curve(probability, outcome, bins)
    return float(np.average(np.abs(curve.predicted - curve.observed), weights=curve.cases))


def brier_score(probability: Floats, outcome: Floats) -> float:
    """Mean squared distance between probability and outcome (Brier, Mon Weather Rev 78:1, 1950); NaN without a case."""
    return float(np.mean((probability - outcome) ** 2)) if len(probability) else math.nan
