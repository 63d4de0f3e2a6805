"""Nodules that the current scan shows too weakly to be reported on their own, and a prior confirms.

The operating point suits places of which nothing is known: of a scan's forty candidates one or two are nodules. Where the prior knows a
nodule, one is far more probable from the start, and to call it resolved because the networks are a little less sure of it now would hide
that it is there, or grows. So a nodule of the prior that no reported one matches is looked for among the findings below the operating
point, and then at its place itself, whatever the detector offered. What is found passes the same rules as every match: the gate, a
plausible change, one to one. Its probability must be at least ``Thresholds.confirmed_probability``.

What that lets through, with a threshold of 0.5 (the networks hold a nodule there for more probable than none): at 120 random places of the
lungs of three public scans (LIDC-IDRI-0001, Lung_Dx-A0001, LUNG1-001), as if a solid nodule of 6 mm had resolved there, a finding below the
operating point was confirmed at 2, and at 9 where a findings file is all that is known of the prior and the gate is 20 mm; looking at the
place confirmed something at 7 (grading network 0.3.0). With that network's version 0.2.0 four phantom pairs confirmed 15 of 17 nodules that
had stayed, from places 2 mm off along each axis, and none of the 2 that had gone. So a nodule that has resolved may pass for one that
stays, and the report says that the prior alone speaks for it; the other error, to call a growing nodule resolved, nobody would see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import Candidate
from nodulescope.operators.examination import Acceptance, Examination, Nodule
from nodulescope.operators.nodules.measuring import is_apart
from nodulescope.operators.nodules.numbering import suspicion_order
from nodulescope.operators.priors.coverage import in_scan
from nodulescope.operators.priors.matching import Matches, match_nodules
from nodulescope.operators.priors.prior_study import RecordedNodule, recorded

Look = Callable[[Sequence[Candidate]], Sequence[Nodule]]
"""Finds nodules at places of the current scan: centre in LPS mm, expected diameter, no score."""


@dataclass(frozen=True)
class Confirmed:
    """The nodules of an examination beside those of its prior.

    Attributes:
        nodules: those that were reported, and those that the prior confirms, in the order of suspicion; ids 1 to n.
        matches: positions in the prior's nodules and in these.
    """

    nodules: tuple[Nodule, ...]
    matches: Matches


def confirm(
    current: Examination, prior: Sequence[RecordedNodule], places_mm: NDArray[np.float64], gate_mm: float, look: Look | None = None
) -> Confirmed:
    """Match the nodules of an examination with those of a prior; where one of these is left, with weaker findings, which become nodules.

    Args:
        current: the examination, with its findings below the operating point.
        prior: nodules of the prior.
        places_mm: where the registration puts them in the current scan, LPS mm, shape (n, 3).
        gate_mm: see :class:`~nodulescope.operators.priors.registration.Registration`.
        look: asked for what lies at the places that are still without a nodule; None looks nowhere.
    """
    nodules = list(current.nodules)
    reported = match_nodules(prior, places_mm, [recorded(nodule) for nodule in nodules], gate_mm)
    distances = dict(zip(reported.pairs, reported.distances_mm, strict=True))
    shown = [i for i in range(len(prior)) if in_scan(current.ct, places_mm[i])]
    for search in (lambda _: _of_a_prior(current.subthreshold), look):
        left = [i for i in shown if i not in {before for before, _ in distances}]
        if search is None or not left:
            break
        weaker = [one for one in search([_place(places_mm[i], prior[i]) for i in left]) if is_apart(one, nodules)]
        found = match_nodules([prior[i] for i in left], places_mm[left], [recorded(one) for one in weaker], gate_mm)
        for (i, j), distance in zip(found.pairs, found.distances_mm, strict=True):
            distances[left[i], len(nodules)] = distance
            nodules.append(weaker[j])
    if len(nodules) == len(current.nodules):
        return Confirmed(current.nodules, reported)
    return _renumbered(nodules, len(prior), distances)


def _of_a_prior(findings: Sequence[Nodule]) -> list[Nodule]:
    return [replace(finding, acceptance=Acceptance.PRIOR) for finding in findings]


def _place(place_mm: NDArray[np.float64], before: RecordedNodule) -> Candidate:
    x, y, z = (float(coordinate) for coordinate in place_mm)
    return Candidate((x, y, z), before.mean_diameter_mm, 0.0)


def _renumbered(nodules: Sequence[Nodule], prior_count: int, distances: dict[tuple[int, int], float]) -> Confirmed:
    order = suspicion_order(nodules)
    moved = {(i, order.index(j)): distance for (i, j), distance in distances.items()}
    pairs = sorted(moved, key=lambda pair: pair[1])
    matched_before, matched_now = {i for i, _ in pairs}, {j for _, j in pairs}
    return Confirmed(
        tuple(replace(nodules[position], id=number) for number, position in enumerate(order, 1)),
        Matches(
            pairs=tuple(pairs),
            distances_mm=tuple(moved[pair] for pair in pairs),
            new=tuple(j for j in range(len(nodules)) if j not in matched_now),
            resolved=tuple(i for i in range(prior_count) if i not in matched_before),
        ),
    )
