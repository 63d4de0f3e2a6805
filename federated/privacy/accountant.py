"""How much privacy a site's noisy updates cost it: (ε, δ), exact for the Gaussian mechanism.

Every update that leaves is clipped to a norm C and gets Gaussian noise of standard deviation z·C. Two updates of the same site, made from
any two sets of data, differ by at most 2C. So the guarantee is one for the whole site, and with it for every patient there: whoever sees
all its updates can hardly tell whether they were made with a patient or without.

A number of such releases is together one Gaussian mechanism (Dong, Roth and Su, "Gaussian differential privacy", J R Stat Soc B 84, 2022,
corollary 3.3), whose (ε, δ) is known in closed form (Balle and Wang, "Improving the Gaussian mechanism for differential privacy", ICML
2018, theorem 8). No bound by moments or Rényi divergences is tighter, so no library of those is needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from nodulescope.bundles.errors import UsageError

SENSITIVITY_IN_NORMS = 2.0
"""Two vectors clipped to a norm of 1 lie at most 2 apart, whatever data they come from."""

LARGEST_EPSILON = 1e6
"""Where the search ends. A guarantee is meaningless long before: at ε = 10 the odds may already shift 22,000-fold."""


@dataclass(frozen=True)
class Release:
    """One noisy update that left a site.

    Attributes:
        noise_multiplier: standard deviation of the noise in units of the clipping norm, z.

    Raises:
        UsageError: the multiplier is not above 0.
    """

    noise_multiplier: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.noise_multiplier) and self.noise_multiplier > 0):
            raise UsageError(f"a noise multiplier must be above 0, not {self.noise_multiplier}")


def delta_at(epsilon: float, mu: float) -> float:
    """δ of μ-Gaussian differential privacy at an ε.

    Args:
        epsilon: 0 or more.
        mu: distance of the two outcomes in standard deviations of the noise.
    """
    if mu == 0.0:
        return 0.0
    # e^ε overflows long before the product does.
    return float(ndtr(mu / 2.0 - epsilon / mu) - math.exp(epsilon + float(log_ndtr(-mu / 2.0 - epsilon / mu))))


def epsilon_spent(releases: Sequence[Release], delta: float) -> float:
    """ε of all releases together; 0 when there was none, infinity beyond :data:`LARGEST_EPSILON`.

    Args:
        releases: every noisy update that left the site, of all jobs that used the same data.
        delta: the chance with which the guarantee may fail.

    Raises:
        UsageError: δ does not lie between 0 and 1.
    """
    _check_delta(delta)
    mu = math.sqrt(sum((SENSITIVITY_IN_NORMS / release.noise_multiplier) ** 2 for release in releases))
    if delta_at(0.0, mu) <= delta:
        return 0.0
    if delta_at(LARGEST_EPSILON, mu) > delta:
        return math.inf
    return float(brentq(lambda epsilon: delta_at(epsilon, mu) - delta, 0.0, LARGEST_EPSILON, xtol=1e-9))


def noise_for(epsilon: float, delta: float, rounds: int) -> float:
    """The noise multiplier with which so many rounds cost no more than ε.

    Raises:
        UsageError: a value is out of its range.
    """
    _check_delta(delta)
    if not epsilon > 0 or rounds < 1:
        raise UsageError(f"ε must be above 0 and rounds 1 or more, not {epsilon} and {rounds}")
    mu = brentq(lambda mu: delta_at(epsilon, mu) - delta, 1e-6, 1e4, xtol=1e-12)
    return float(SENSITIVITY_IN_NORMS * math.sqrt(rounds) / mu)


def _check_delta(delta: float) -> None:
    if not 0.0 < delta < 1.0:
        raise UsageError(f"δ must lie between 0 and 1, not {delta}")
