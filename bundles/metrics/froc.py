"""Free-response ROC after the LUNA16 protocol (Setio et al., Med Image Anal 42, 2017).

The rules are those of the challenge's own script, ``noduleCADEvaluationLUNA16.py``, which the tests follow step by step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

FALSE_POSITIVES_PER_SCAN = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Operating points whose mean sensitivity is the competition performance metric (CPM)."""

MOST_MARKS_PER_SCAN = 100
"""Marks of one scan that LUNA16's script looks at (its ``maxNumberOfCADMarks``)."""


@dataclass(frozen=True)
class ScanMarks:
    """One scan's truth and marks, all in mm in one frame.

    Attributes:
        centers: marks' positions, shape (m, 3).
        scores: marks' scores, shape (m,).
        nodule_centers: annotated nodules, shape (n, 3).
        nodule_diameters: their diameters, shape (n,).
        excluded_centers: findings that count neither way, shape (e, 3).
        excluded_diameters: their diameters, shape (e,).
    """

    centers: NDArray[np.float64]
    scores: NDArray[np.float64]
    nodule_centers: NDArray[np.float64]
    nodule_diameters: NDArray[np.float64]
    excluded_centers: NDArray[np.float64]
    excluded_diameters: NDArray[np.float64]


@dataclass(frozen=True)
class ScanOutcome:
    """What became of one scan's marks.

    Attributes:
        hit_scores: the best score inside each nodule's radius, -inf for a missed nodule, shape (n,).
        false_scores: scores of marks that hit nothing, shape (f,).
        doubles: marks beside the best one on the same nodule, which count neither way.
        ignored: marks on excluded findings, which count neither way.
    """

    hit_scores: NDArray[np.float64]
    false_scores: NDArray[np.float64]
    doubles: int = 0
    ignored: int = 0


def most_suspicious(scan: ScanMarks, most: int = MOST_MARKS_PER_SCAN) -> ScanMarks:
    """Keep a scan's marks of the highest scores.

    As in LUNA16's script, a scan with more than ``most`` marks keeps those above the score of the first one that is too many, so that of
    equal scores at the limit none is kept.
    """
    if len(scan.scores) <= most:
        return scan
    kept = scan.scores > np.sort(scan.scores)[::-1][most]
    return replace(scan, centers=scan.centers[kept], scores=scan.scores[kept])


def match_marks(scan: ScanMarks) -> ScanOutcome:
    """Compare one scan's marks with its truth.

    A mark hits a nodule when it lies within the nodule's radius, and may hit two. Of several marks on one nodule the best counts and the
    others are ignored; marks on excluded findings are ignored; all others are false positives.
    """
    on_nodules = _inside(scan.centers, scan.nodule_centers, scan.nodule_diameters)
    on_excluded = _inside(scan.centers, scan.excluded_centers, scan.excluded_diameters).any(axis=1)
    hits = np.where(on_nodules, scan.scores[:, None], -np.inf).max(axis=0, initial=-np.inf)
    on_any = on_nodules.any(axis=1)
    doubles = int(np.maximum(on_nodules.sum(axis=0) - 1, 0).sum())
    return ScanOutcome(hits, scan.scores[~on_any & ~on_excluded], doubles, int((on_excluded & ~on_any).sum()))


@dataclass(frozen=True)
class RankedMarks:
    """The marks of all scans that count, from the highest score down.

    Attributes:
        scores: shape (m,).
        scans: the scan of each mark, shape (m,).
        hits: whether a mark is the best one on a nodule, shape (m,).
        nodules: nodules of each scan, found or not, shape (s,).
    """

    scores: NDArray[np.float64]
    scans: NDArray[np.intp]
    hits: NDArray[np.bool_]
    nodules: NDArray[np.intp]

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """The scores that occur, highest first."""
        return np.asarray(self.scores[self._last_of_each_score])

    @property
    def _last_of_each_score(self) -> NDArray[np.intp]:
        return np.flatnonzero(np.append(np.diff(self.scores) != 0, np.ones(min(len(self.scores), 1), bool)))

    def counts(self, copies: NDArray[np.intp] | None = None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Nodules found and false positives with no mark at all, then at each threshold.

        Args:
            copies: how many times each scan counts; once when None.

        Returns:
            Both of shape (thresholds + 1,).
        """
        weights = np.ones(len(self.scores), np.intp) if copies is None else copies[self.scans]
        ends = self._last_of_each_score
        found = np.cumsum(np.where(self.hits, weights, 0))[ends]
        marked = np.cumsum(weights)[ends]
        return np.concatenate([[0], found]), np.concatenate([[0], marked - found])

    def sensitivities(self, rates: ArrayLike, copies: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Share of nodules found at given numbers of false positives per scan.

        Args:
            rates: false positives per scan, shape (r,).
            copies: how many times each scan counts; once when None.

        Returns:
            Shape (r,), linearly interpolated between thresholds as LUNA16's script does; NaN without any nodule.
        """
        copies = np.ones(len(self.nodules), np.intp) if copies is None else copies
        nodules = int(copies @ self.nodules)
        if not nodules:
            return np.full(np.shape(rates), np.nan)
        found, false = self.counts(copies)
        # Against whole false positives, not their share: 1/8 of 888 scans is then exactly 111, whatever the order of the divisions.
        return np.asarray(np.interp(np.asarray(rates) * int(copies.sum()), false, found / nodules))


def rank_marks(outcomes: Iterable[ScanOutcome]) -> RankedMarks:
    """Put the marks of all scans in one order.

    Args:
        outcomes: one per scan, scans without nodules or marks too.
    """
    scans: Sequence[ScanOutcome] = list(outcomes)
    found = [scan.hit_scores[np.isfinite(scan.hit_scores)] for scan in scans]
    scores = [part for scan, hits in zip(scans, found, strict=True) for part in (hits, scan.false_scores)]
    lengths = [len(part) for part in scores]
    every = np.concatenate([*scores, np.empty(0)])
    hits = np.repeat(np.tile([True, False], len(scans)), lengths)
    order = np.argsort(-every, kind="stable")
    owners = np.repeat(np.repeat(np.arange(len(scans)), 2), lengths)
    return RankedMarks(every[order], owners[order], hits[order], np.array([len(scan.hit_scores) for scan in scans], np.intp))


def sensitivities(outcomes: Iterable[ScanOutcome], rates: Iterable[float] = FALSE_POSITIVES_PER_SCAN) -> NDArray[np.float64]:
    """Share of nodules found at given numbers of false positives per scan.

    Args:
        outcomes: one per scan, scans without nodules or marks too.
        rates: false positives per scan.

    Returns:
        Sensitivity at each rate, linearly interpolated between thresholds as LUNA16's script does; NaN without any nodule.
    """
    return rank_marks(outcomes).sensitivities(tuple(rates))


def cpm(outcomes: Iterable[ScanOutcome]) -> float:
    """Competition performance metric: mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives per scan."""
    return float(np.mean(sensitivities(outcomes)))


def _inside(marks: NDArray[np.float64], centers: NDArray[np.float64], diameters: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which marks lie nearer to which centres than the radius, shape (marks, centres)."""
    squared = ((marks[:, None] - centers[None]) ** 2).sum(axis=2)
    return np.asarray(squared < (diameters[None] / 2.0) ** 2)
