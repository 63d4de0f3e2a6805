"""Trying settings on what the networks said."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import Candidate
from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.metrics.froc import ScanMarks, ScanOutcome, match_marks
from nodulescope.operators.nodules import Thresholds, nodule_probability, select
from nodulescope.operators.tuning.collection import LOWEST_SCORE
from nodulescope.operators.tuning.labelled_scans import Truth
from nodulescope.operators.tuning.records import Finding, ScanRecord, Search, candidates_of

PROBABILITIES = (*(round(0.05 * step, 2) for step in range(1, 20)), 0.97, 0.98, 0.99)
"""Nodule probabilities that are tried, from 0.05 up; closer together at the end, where most findings lie."""


@dataclass(frozen=True)
class Grid:
    """Settings to try, each with each.

    Attributes:
        magnifications: sets of magnifications.
        overlaps: see :class:`~nodulescope.bundles.predictors.DetectionPredictor`.
        detection_scores: see :class:`~nodulescope.operators.nodules.Thresholds`, like the next two; none below
            :data:`~nodulescope.operators.tuning.collection.LOWEST_SCORE`.
        detector_weights: likewise.
        nodule_probabilities: likewise.
        base: thresholds that stay as they are.

    Raises:
        UsageError: a detection score is lower than what was looked at.
    """

    magnifications: tuple[tuple[float, ...], ...]
    overlaps: tuple[float, ...] = (0.05, 0.15, 0.3)
    detection_scores: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5, 0.7)
    detector_weights: tuple[float, ...] = (0.25, 0.5, 0.75)
    nodule_probabilities: tuple[float, ...] = PROBABILITIES
    base: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        if min(self.detection_scores) < LOWEST_SCORE:
            raise UsageError(f"detection scores below {LOWEST_SCORE} cannot be tried: such candidates were not looked at closer")

    def __len__(self) -> int:
        """Number of steps of :func:`sweep`."""
        return len(self.magnifications) * len(self.overlaps)


@dataclass(frozen=True)
class OperatingPoint:
    """One setting and what it does on the labelled scans.

    Attributes:
        magnifications: at which the detector searches.
        overlap: of the detector's boxes.
        thresholds: of the chain.
        sensitivity: share of the nodules that are reported.
        false_positives: per scan, findings that hit neither a nodule nor anything that is to be ignored.
        seconds: per scan, for reading, lungs, search, and a closer look at the candidates.
    """

    magnifications: tuple[float, ...]
    overlap: float
    thresholds: Thresholds
    sensitivity: float
    false_positives: float
    seconds: float


def sweep(records: Sequence[ScanRecord], truths: Sequence[Truth], grid: Grid) -> Iterator[list[OperatingPoint]]:
    """Try every setting of a grid.

    Args:
        records: one per scan, with every magnification of the grid.
        truths: in the same order, with at least one nodule in all.
        grid: the settings.

    Yields:
        Operating points, in as many lists as the grid is long.
    """
    for magnifications, overlap in itertools.product(grid.magnifications, grid.overlaps):
        scans = [candidates_of([_known(record, m) for m in magnifications], overlap) for record in records]
        points = []
        for score, weight in itertools.product(grid.detection_scores, grid.detector_weights):
            thresholds = replace(grid.base, detection_score=score, detector_weight=weight)
            selected = [select(tuple(scan), thresholds) for scan in scans]
            looked_at = [len(candidates) for candidates in selected]
            outcomes = [
                match_marks(reported(candidates, scan, thresholds, truth))
                for candidates, scan, truth in zip(selected, scans, truths, strict=True)
            ]
            seconds = float(np.mean([seconds_of(r, magnifications, n) for r, n in zip(records, looked_at, strict=True)]))
            for probability in grid.nodule_probabilities:
                found, false = _at(outcomes, probability)
                setting = replace(thresholds, nodule_probability=probability)
                points.append(OperatingPoint(magnifications, overlap, setting, found, false, seconds))
        yield points


def reported(candidates: Sequence[Candidate], known: Mapping[Candidate, Finding], thresholds: Thresholds, truth: Truth) -> ScanMarks:
    """What the chain would report of these candidates if any nodule probability were enough, each with its probability as its score.

    The rules are those of :func:`~nodulescope.operators.nodules.assess_examination`: what has no outline or a smaller one than
    ``smallest_mm`` is left out, and of two outlines at one place the less probable one. A higher least probability then only leaves out
    more, so one call serves all of them.
    """
    kept: list[tuple[NDArray[np.float64], float, float]] = []
    for probability, finding in sorted(_probable(candidates, known, thresholds), key=lambda pair: -pair[0]):
        center, diameter = np.asarray(finding.center_lps_mm, dtype=np.float64), float(finding.mean_diameter_mm or 0.0)
        if all(float(np.linalg.norm(center - other)) >= max(diameter, size) / 2.0 for other, size, _ in kept):
            kept.append((center, diameter, probability))
    return ScanMarks(
        np.array([center for center, _, _ in kept]).reshape(-1, 3),
        np.array([probability for _, _, probability in kept]),
        truth.centers,
        truth.diameters,
        truth.ignored_centers,
        truth.ignored_diameters,
    )


def seconds_of(record: ScanRecord, magnifications: Sequence[float], looked_at: int) -> float:
    """Seconds that one scan takes with these magnifications and so many candidates that are looked at closer."""
    return record.before_s + sum(_known(record, m).search_s for m in magnifications) + looked_at * record.looked_closer_s()


def _known(record: ScanRecord, magnification: float) -> Search:
    search = record.search(magnification)
    assert search is not None, "the scan was not seen at this magnification"
    return search


def _probable(
    candidates: Sequence[Candidate], known: Mapping[Candidate, Finding], thresholds: Thresholds
) -> Iterator[tuple[float, Finding]]:
    for candidate in candidates:
        finding = known[candidate]
        if finding.grade is not None and finding.mean_diameter_mm is not None and finding.mean_diameter_mm >= thresholds.smallest_mm:
            yield nodule_probability(candidate, finding.grade, thresholds), finding


def _at(outcomes: Sequence[ScanOutcome], probability: float) -> tuple[float, float]:
    """Sensitivity and false positives per scan of what is at least so probable."""
    nodules = sum(len(outcome.hit_scores) for outcome in outcomes)
    found = sum(int((outcome.hit_scores >= probability).sum()) for outcome in outcomes)
    false = sum(int((outcome.false_scores >= probability).sum()) for outcome in outcomes)
    return found / nodules, false / len(outcomes)
