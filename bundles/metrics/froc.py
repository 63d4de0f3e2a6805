"""Free-response ROC after the LUNA16 protocol (Setio et al., Med Image Anal 42, 2017)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FALSE_POSITIVES_PER_SCAN = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Operating points whose mean sensitivity is the competition performance metric (CPM)."""


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
    """

    hit_scores: NDArray[np.float64]
    false_scores: NDArray[np.float64]


def match_marks(scan: ScanMarks) -> ScanOutcome:
    """Compare one scan's marks with its truth.

    A mark hits a nodule when it lies within the nodule's radius. Of several marks on one nodule the best counts and the others are
    ignored; marks on excluded findings are ignored; all others are false positives.
    """
    to_nodules = np.linalg.norm(scan.centers[:, None] - scan.nodule_centers[None], axis=2) < scan.nodule_diameters[None] / 2.0
    to_excluded = np.linalg.norm(scan.centers[:, None] - scan.excluded_centers[None], axis=2) < scan.excluded_diameters[None] / 2.0
    hits = np.where(to_nodules, scan.scores[:, None], -np.inf).max(axis=0, initial=-np.inf)
    counts = ~to_nodules.any(axis=1) & ~to_excluded.any(axis=1)
    return ScanOutcome(hits, scan.scores[counts])


def sensitivities(outcomes: Iterable[ScanOutcome], rates: Iterable[float] = FALSE_POSITIVES_PER_SCAN) -> NDArray[np.float64]:
    """Share of nodules found at given numbers of false positives per scan.

    Args:
        outcomes: one per scan, scans without nodules or marks too.
        rates: false positives per scan.

    Returns:
        Sensitivity at each rate, linearly interpolated between thresholds as LUNA16's script does; NaN without any nodule.
    """
    scans = list(outcomes)
    hits = np.concatenate([s.hit_scores for s in scans])
    false = np.concatenate([s.false_scores for s in scans])
    if not len(hits):
        return np.full(len(tuple(rates)), np.nan)
    thresholds = np.unique(np.concatenate([hits[np.isfinite(hits)], false]))[::-1]
    found = np.array([0.0, *((hits[None] >= thresholds[:, None]).mean(axis=1))])
    per_scan = np.array([0.0, *((false[None] >= thresholds[:, None]).sum(axis=1) / len(scans))])
    return np.asarray(np.interp(np.asarray(tuple(rates)), per_scan, found))


def cpm(outcomes: Iterable[ScanOutcome]) -> float:
    """Competition performance metric: mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives per scan."""
    return float(np.mean(sensitivities(outcomes)))
