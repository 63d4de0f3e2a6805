"""Which nodule of the prior is which nodule of the current scan: one to one, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from nodulescope.operators.examination import NoduleType
from nodulescope.operators.priors.prior_study import RecordedNodule

SIZE_PRICE_MM = 10.0
"""A change of size counts as much distance for each factor e of the diameter: a nodule of twice the diameter as 7 mm."""

TYPE_PRICE_MM = 4.0
"""A change of type counts as much distance: solid parts appear and grow, and types are also misjudged."""

MOST_DIAMETER_RATIO = 4.0
"""Diameters that differ more are not the same nodule: 64 times the volume is six doublings, in a year one each two months."""

IMPOSSIBLE_CHANGE = frozenset({NoduleType.CALCIFIED, NoduleType.GROUND_GLASS})
"""A calcified granuloma does not become ground glass, nor the other way round."""


@dataclass(frozen=True)
class Matches:
    """Who is who, as positions in the two lists.

    Attributes:
        pairs: (prior, current), in the order of the current list.
        distances_mm: for each pair, how far apart they lie after registration.
        new: current nodules without a prior one.
        resolved: prior nodules without a current one.
    """

    pairs: tuple[tuple[int, int], ...]
    distances_mm: tuple[float, ...]
    new: tuple[int, ...]
    resolved: tuple[int, ...]


def match_nodules(
    prior: Sequence[RecordedNodule], places_mm: NDArray[np.float64], current: Sequence[RecordedNodule], gate_mm: float
) -> Matches:
    """Match nodules so that the sum of distances, with changes of size and type priced as distances, is least.

    A pair is worth having as long as its price stays below the gate, widened by the larger nodule's radius because the centre of a large
    nodule is less certain. So a nodule that has no partner of its own does not take another's.

    Args:
        prior: nodules of the prior.
        places_mm: where the registration puts them in the current scan, LPS mm, shape (n, 3).
        current: nodules of the current scan.
        gate_mm: see :class:`~nodulescope.operators.priors.registration.Registration`.
    """
    distances = np.zeros((len(prior), len(current)))
    gains = np.zeros((len(prior), len(current)))
    for i, before in enumerate(prior):
        for j, now in enumerate(current):
            distances[i, j] = np.linalg.norm(places_mm[i] - now.center_lps_mm)
            allowed = gate_mm + max(before.mean_diameter_mm, now.mean_diameter_mm) / 2
            if plausible(before, now) and distances[i, j] <= allowed:
                gains[i, j] = max(allowed - distances[i, j] - price_of_change_mm(before, now), 0.0)
    rows, columns = linear_sum_assignment(gains, maximize=True)
    found = sorted(((int(i), int(j)) for i, j in zip(rows, columns, strict=True) if gains[i, j] > 0), key=lambda pair: pair[1])
    return Matches(
        pairs=tuple(found),
        distances_mm=tuple(float(distances[pair]) for pair in found),
        new=tuple(sorted(set(range(len(current))) - {j for _, j in found})),
        resolved=tuple(sorted(set(range(len(prior))) - {i for i, _ in found})),
    )


def plausible(before: RecordedNodule, now: RecordedNodule) -> bool:
    """Whether one nodule may have become the other, wherever they lie within a lung."""
    ratio = now.mean_diameter_mm / before.mean_diameter_mm
    changed = frozenset({before.type, now.type})
    return before.side is now.side and 1 / MOST_DIAMETER_RATIO <= ratio <= MOST_DIAMETER_RATIO and changed != IMPOSSIBLE_CHANGE


def price_of_change_mm(before: RecordedNodule, now: RecordedNodule) -> float:
    """How unlike two nodules are, in millimetres of distance."""
    size = SIZE_PRICE_MM * abs(float(np.log(now.mean_diameter_mm / before.mean_diameter_mm)))
    return size + (TYPE_PRICE_MM if now.type is not before.type else 0.0)
