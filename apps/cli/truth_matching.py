"""Which finding hits which nodule of a phantom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Match:
    """One line of a comparison.

    Attributes:
        truth: a nodule of ``truth.json``, or None for a finding that hits none.
        finding: a nodule of ``findings.json``, or None for a nodule that was missed.
        distance_mm: between their centres, or None.
    """

    truth: Mapping[str, Any] | None
    finding: Mapping[str, Any] | None
    distance_mm: float | None = None


def match_findings(truth: Sequence[Mapping[str, Any]], findings: Sequence[Mapping[str, Any]]) -> tuple[Match, ...]:
    """Pair findings with nodules: a finding hits a nodule when its centre lies within the nodule's radius of the nodule's centre.

    That is the rule of LUNA16 (Setio et al., Med Image Anal 42, 2017). Each finding and each nodule is used once; the
    closest pairs are made first.

    Args:
        truth: nodules with ``center_lps_mm`` and ``mean_diameter_mm``.
        findings: nodules with ``center_lps_mm``.

    Returns:
        One match per nodule in their order, then the findings that hit none.
    """
    distances = sorted(
        (math.dist(nodule["center_lps_mm"], finding["center_lps_mm"]), t, f)
        for t, nodule in enumerate(truth)
        for f, finding in enumerate(findings)
    )
    hit: dict[int, tuple[int, float]] = {}
    used: set[int] = set()
    for distance, t, f in distances:
        if t not in hit and f not in used and distance <= truth[t]["mean_diameter_mm"] / 2:
            hit[t] = (f, distance)
            used.add(f)
    found = [Match(nodule, findings[hit[t][0]], hit[t][1]) if t in hit else Match(nodule, None) for t, nodule in enumerate(truth)]
    return (*found, *(Match(None, finding) for f, finding in enumerate(findings) if f not in used))
