"""Bringing two scans together when of the prior only its findings are at hand: by the extents of the lungs, or by the nodules alone.

Both are rough, and both say so. Without lungs the pattern of at least three nodules has to agree: two scans share no origin along the
body's axis, and one or two nodules can be laid over others by a mere shift.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nodulescope.operators.examination.input_facts import Extent
from nodulescope.operators.priors.matching import Matches, match_nodules, plausible
from nodulescope.operators.priors.prior_study import RecordedNodule
from nodulescope.operators.priors.registration import LEAST_SCALE, MOST_SCALE, Method, NotRegistered, PointMap, Registration

EXTENT_GATE_MM = 20.0
"""A box knows nothing of how the lung moves inside; its middle may be off by a centimetre or two after another breath."""

PATTERN_GATE_MM = 15.0
"""Nodules of one pattern may lie this far from where a common shift puts them: lungs stretch by some centimetres along the body."""

LEAST_PATTERN = 3
"""Fewest nodules that make a pattern."""

MOST_SIDEWAYS_MM = 60.0
"""Largest shift across the body's axis that is believed: patients are centred in the scanner."""

LEAST_SPAN_MM = 60.0
"""Nodules that lie closer together along the body's axis tell nothing about the breath."""

WITHOUT_LUNGS = (
    "Only the findings of the prior were given, not its scan: the two were brought together by {how}, which is rough. "
    "Give the prior as a DICOM study for a registration of the lungs."
)


def align_by_extent(prior: Extent, current: Extent) -> Registration:
    """Lay the box around the prior's lungs on that around the current ones.

    Raises:
        NotRegistered: the boxes are of too different a size.
    """
    low, high, new_low, new_high = (np.asarray(corner) for corner in (*prior, *current))
    if not ((high > low).all() and (new_high > new_low).all()):
        raise NotRegistered("The extent of the lungs is empty in one of the two examinations.")
    scale = (new_high - new_low) / (high - low)
    if not (scale.min() >= LEAST_SCALE and scale.max() <= MOST_SCALE):
        raise NotRegistered("The lungs of the two examinations are too different in extent.")
    return _rough(Method.EXTENT, _linear(scale, new_low - scale * low), EXTENT_GATE_MM, "the extents of the lungs")


def align_by_pattern(prior: Sequence[RecordedNodule], current: Sequence[RecordedNodule]) -> Registration:
    """Find the shift, and where the nodules lie far enough apart the stretch along the body, that lays most nodules on nodules.

    Raises:
        NotRegistered: fewer than :data:`LEAST_PATTERN` nodules, or fewer than half of them, agree.
    """
    before, now = (np.array([n.center_lps_mm for n in nodules]).reshape(-1, 3) for nodules in (prior, current))
    shifts = [now[j] - before[i] for i, a in enumerate(prior) for j, b in enumerate(current) if plausible(a, b)]
    shifts = [shift for shift in shifts if np.abs(shift[:2]).max() <= MOST_SIDEWAYS_MM]
    scored = [(_score(found := match_nodules(prior, before + shift, current, PATTERN_GATE_MM)), found) for shift in shifts]
    best = max(scored, key=lambda item: item[0])[1] if scored else None
    needed = max(LEAST_PATTERN, (min(len(prior), len(current)) + 1) // 2)
    if best is None or len(best.pairs) < needed:
        raise NotRegistered("Only the findings of the prior were given, and too few of its nodules agree with the current ones.")
    scale, offset = _fit(before, now, best)
    return _rough(Method.PATTERN, _linear(scale, offset), PATTERN_GATE_MM, "the pattern of the nodules")


def _score(found: Matches) -> tuple[int, float]:
    return len(found.pairs), -sum(found.distances_mm)


def _fit(before: NDArray[np.float64], now: NDArray[np.float64], found: Matches) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scale and offset by least squares over the pairs."""
    a, b = (points[[pair[which] for pair in found.pairs]] for which, points in enumerate((before, now)))
    scale = np.ones(3)
    if np.ptp(a[:, 2]) >= LEAST_SPAN_MM:
        scale[2] = np.clip(np.polyfit(a[:, 2], b[:, 2], 1)[0], LEAST_SCALE, MOST_SCALE)
    return scale, (b - scale * a).mean(axis=0)


def _linear(scale: NDArray[np.float64], offset: NDArray[np.float64]) -> PointMap:
    def to_current(points_mm: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(np.asarray(points_mm, dtype=np.float64).reshape(-1, 3) * scale + offset)

    return to_current


def _rough(method: Method, to_current: PointMap, gate_mm: float, how: str) -> Registration:
    return Registration(method, to_current, gate_mm, None, (WITHOUT_LUNGS.format(how=how),))
