"""Which of a detector's candidates are looked at, and which are reported."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nodulescope.bundles.contracts import Candidate, Grade
from nodulescope.bundles.errors import UsageError
from nodulescope.operators.measurement.labels import MOST_NODULES

MOST_CERTAIN_SCORE = 0.99
"""The detector learns from as many nodules as counter-examples, so its scores crowd at 1; what lies beyond this says nothing more."""


@dataclass(frozen=True)
class Thresholds:
    """Operating point of the chain, in ``app.yaml``.

    Attributes:
        detection_score: candidates below this are not looked at.
        nodule_probability: findings below this, after grading, are not reported.
        most_candidates: at most this many candidates, the best ones, are looked at.
        smallest_mm: findings of a smaller mean diameter are micronodules and not reported (3 mm, Fleischner glossary 2008).
        detector_weight: share of the detector's opinion in the nodule probability, 0..1; the rest is the grading network's.
        confirmed_probability: findings below ``nodule_probability`` but not below this are reported where a prior knows a nodule.

    Raises:
        UsageError: a value is out of its range.
    """

    detection_score: float = 0.3
    nodule_probability: float = 0.975
    most_candidates: int = 40
    smallest_mm: float = 3.0
    detector_weight: float = 0.75
    confirmed_probability: float = 0.5

    def __post_init__(self) -> None:
        for name in ("detection_score", "nodule_probability", "detector_weight", "confirmed_probability"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise UsageError(f"threshold {name} must lie between 0 and 1, not {getattr(self, name)}")
        if self.most_candidates not in range(1, MOST_NODULES + 1):
            raise UsageError(f"most_candidates must be a whole number from 1 to {MOST_NODULES}, not {self.most_candidates}")
        if not self.smallest_mm >= 0:
            raise UsageError(f"smallest_mm must not be negative, as {self.smallest_mm} is")

    @property
    def least_probability(self) -> float:
        """What is less probable after grading is of no use, not even beside a prior."""
        return min(self.nodule_probability, self.confirmed_probability)

    def without_prior(self) -> Thresholds:
        """The same operating point for a scan that is compared with none: nothing can confirm a weaker finding."""
        return replace(self, confirmed_probability=self.nodule_probability)


def select(candidates: Sequence[Candidate], thresholds: Thresholds) -> tuple[Candidate, ...]:
    """The candidates worth grading, best first."""
    good = [c for c in candidates if c.score >= thresholds.detection_score]
    return tuple(sorted(good, key=lambda c: -c.score)[: thresholds.most_candidates])


def likely(candidates: Sequence[Candidate], grades: Sequence[Grade], thresholds: Thresholds) -> list[tuple[Candidate, Grade]]:
    """Candidates, with their grades, that are probable enough to be outlined and measured, in their order."""
    pairs = zip(candidates, grades, strict=True)
    return [(one, grade) for one, grade in pairs if nodule_probability(one, grade, thresholds) >= thresholds.least_probability]


def nodule_probability(candidate: Candidate, grade: Grade, thresholds: Thresholds) -> float:
    """Probability that a finding is a nodule: detector and grading network weighed on the scale of log-odds.

    The two err differently (the detector saw the whole neighbourhood, the grading network was shown vessels as counter-examples), so both
    must be convinced: one near-certain no outweighs a lukewarm yes.
    """
    weight = thresholds.detector_weight
    log_odds = weight * _log_odds(min(candidate.score, MOST_CERTAIN_SCORE)) + (1.0 - weight) * _log_odds(grade.probability)
    return 1.0 / (1.0 + math.exp(-log_odds))


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-4), 1.0 - 1e-4)
    return math.log(bounded / (1.0 - bounded))
