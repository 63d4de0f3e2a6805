"""The whole LUNA16 evaluation of a detector: from marks and truth to figures with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.metrics.froc import (
    FALSE_POSITIVES_PER_SCAN,
    MOST_MARKS_PER_SCAN,
    RankedMarks,
    ScanMarks,
    ScanOutcome,
    match_marks,
    most_suspicious,
    rank_marks,
)
from nodulescope.bundles.metrics.froc_bootstrap import CONFIDENCE, RESAMPLES, interval, resampled_sensitivities
from nodulescope.bundles.metrics.froc_plot import plot_rates


@dataclass(frozen=True)
class Sensitivities:
    """Sensitivities with the ends of their intervals, each of shape (rates,); the ends are NaN without a bootstrap.

    Attributes:
        rates: false positives per scan.
        values: sensitivity at each rate.
        lower: lower end of its interval.
        upper: upper end.
    """

    rates: NDArray[np.float64]
    values: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """What became of everything in the tables.

    Attributes:
        scans: scans that were evaluated.
        scans_without_marks: those in which the detector marked nothing.
        nodules: nodules to be found.
        nodules_found: those with at least one mark.
        marks: marks of all scans, those beyond the limit of one scan too.
        false_positives: marks on nothing.
        double_marks_ignored: marks beside the best one on the same nodule.
        marks_on_excluded_findings_ignored: marks on findings that count neither way.
    """

    scans: int
    scans_without_marks: int
    nodules: int
    nodules_found: int
    marks: int
    false_positives: int
    double_marks_ignored: int
    marks_on_excluded_findings_ignored: int


@dataclass(frozen=True)
class FrocEvaluation:
    """Figures of one detector.

    Attributes:
        points: at the seven operating points.
        curve: at the rates of :func:`~nodulescope.bundles.metrics.froc_plot.plot_rates`.
        cpm: mean of the seven sensitivities.
        cpm_interval: its interval; NaN twice without a bootstrap.
        ranked: the marks behind the curve.
        tally: what became of marks and nodules.
        most_marks: marks of one scan that counted; None where all did.
        resamples: test sets drawn for the intervals.
        seed: seed of these draws.
    """

    points: Sensitivities
    curve: Sensitivities
    cpm: float
    cpm_interval: tuple[float, float]
    ranked: RankedMarks
    tally: Tally
    most_marks: int | None
    resamples: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON values; intervals are null without a bootstrap."""
        points = zip(self.points.rates, self.points.values, self.points.lower, self.points.upper, strict=True)
        return {
            "cpm": self.cpm,
            "cpm_interval": _ends(*self.cpm_interval),
            "sensitivities": [
                {"false_positives_per_scan": float(rate), "sensitivity": float(value), "interval": _ends(lower, upper)}
                for rate, value, lower, upper in points
            ],
            **asdict(self.tally),
            "max_marks_per_scan": self.most_marks,
            "bootstrap": {"resamples": self.resamples, "seed": self.seed, "confidence": CONFIDENCE} if self.resamples else None,
        }


def evaluate_froc(
    scans: Sequence[ScanMarks],
    *,
    most_marks: int | None = MOST_MARKS_PER_SCAN,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> FrocEvaluation:
    """Evaluate a detector by the LUNA16 protocol.

    Args:
        scans: truth and marks of every scan of the test set, those without nodules or marks too.
        most_marks: marks of one scan that count; None for all.
        resamples: test sets drawn for the intervals; 0 for no intervals.
        seed: seed of these draws.
        progress: called now and then with the number of sets that are drawn.
    """
    outcomes = [match_marks(scan if most_marks is None else most_suspicious(scan, most_marks)) for scan in scans]
    ranked = rank_marks(outcomes)
    count = len(FALSE_POSITIVES_PER_SCAN)
    rates = np.concatenate([FALSE_POSITIVES_PER_SCAN, plot_rates()])
    drawn = resampled_sensitivities(ranked, rates, resamples=resamples, seed=seed, progress=progress)
    lower, upper = interval(drawn)
    values = ranked.sensitivities(rates)
    points, curve = (Sensitivities(rates[s], values[s], lower[s], upper[s]) for s in (slice(count), slice(count, None)))
    cpm_lower, cpm_upper = interval(drawn[:, :count].mean(axis=1))
    return FrocEvaluation(
        points=points,
        curve=curve,
        cpm=float(points.values.mean()),
        cpm_interval=(float(cpm_lower), float(cpm_upper)),
        ranked=ranked,
        tally=_tally(scans, outcomes),
        most_marks=most_marks,
        resamples=resamples,
        seed=seed,
    )


def _tally(scans: Sequence[ScanMarks], outcomes: Sequence[ScanOutcome]) -> Tally:
    return Tally(
        scans=len(scans),
        scans_without_marks=sum(not len(scan.scores) for scan in scans),
        nodules=sum(len(outcome.hit_scores) for outcome in outcomes),
        nodules_found=sum(int(np.isfinite(outcome.hit_scores).sum()) for outcome in outcomes),
        marks=sum(len(scan.scores) for scan in scans),
        false_positives=sum(len(outcome.false_scores) for outcome in outcomes),
        double_marks_ignored=sum(outcome.doubles for outcome in outcomes),
        marks_on_excluded_findings_ignored=sum(outcome.ignored for outcome in outcomes),
    )


def _ends(lower: float, upper: float) -> list[float] | None:
    return None if math.isnan(lower) else [float(lower), float(upper)]
