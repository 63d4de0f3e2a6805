"""How much a label of a scan would teach, by what the bundles say of it now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nodulescope.apps.nodule_label.served_models import ServedModels
from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.data.scan_cache import write_json

JUDGED_BY = ("nodule_detection", "nodule_grading")
"""Bundles whose new version makes earlier scores worthless."""

MOST_CANDIDATES = 20
"""Candidates of a scan that are graded: below these the detector is sure that there is nothing."""


@dataclass(frozen=True)
class Acquisition:
    """One scan's scores; the higher, the more a label would teach.

    Attributes:
        uncertainty: sum of the binary entropy (bits) of the detector's scores.
        disagreement: sum of the Jensen-Shannon divergence (bits) between what detector and grading network say of the same places.
        candidates: how many places they looked at.
    """

    uncertainty: float
    disagreement: float
    candidates: int


def acquisition(scores: ArrayLike, probabilities: ArrayLike) -> Acquisition:
    """Scores of a scan.

    Sums, not means: a label of a scan with many doubtful places teaches more than one of a scan with a single one.

    Args:
        scores: the detector's, shape (n,).
        probabilities: the grading network's that each of these places is a nodule, same shape.
    """
    detector, grader = (np.asarray(values, dtype=np.float64) for values in (scores, probabilities))
    middle = (detector + grader) / 2.0
    divergence = entropy_bits(middle) - (entropy_bits(detector) + entropy_bits(grader)) / 2.0
    return Acquisition(float(entropy_bits(detector).sum()), float(np.maximum(divergence, 0.0).sum()), len(detector))


def entropy_bits(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy of a yes-or-no question, 0 to 1 bit."""
    p = np.clip(probability, 1e-12, 1.0 - 1e-12)
    return np.asarray(-p * np.log2(p) - (1.0 - p) * np.log2(1.0 - p))


def score_scan(models: ServedModels, ct: CTVolume) -> Acquisition:
    """Scores of a CT by the bundles that are served.

    Raises:
        InputError: it shows no lungs.
    """
    candidates = models.detection(ct, models.lungs(ct))[:MOST_CANDIDATES]
    grades = models.grading(ct, [candidate.center_lps_mm for candidate in candidates])
    return acquisition([c.score for c in candidates], [g.probability for g in grades])


class AcquisitionScores:
    """Scores of many scans, in a file that several processes read and one writes.

    Args:
        file: made when the first score is written.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self, judges: Sequence[int] | None = None) -> dict[str, Acquisition]:
        """Study to scores.

        Args:
            judges: version numbers of :data:`JUDGED_BY`; scores of other versions are left out. None takes them all.
        """
        content: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8")) if self.file.is_file() else {}
        if judges is not None and content.get("judges") != list(judges):
            return {}
        return {study: Acquisition(**values) for study, values in content.get("studies", {}).items()}

    def write(self, judges: Sequence[int], scores: dict[str, Acquisition]) -> None:
        """Replace all scores."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_json({"judges": list(judges), "studies": {study: asdict(one) for study, one in scores.items()}}, self.file)
