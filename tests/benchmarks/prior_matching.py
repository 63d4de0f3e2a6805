"""How well nodules of a prior are found again, on phantom pairs of one patient: ``python tests/benchmarks/prior_matching.py``. Not a test.

Each pair is one phantom patient scanned twice, with another breath, position, scanner, and nodules that grow, shrink, come and go. Lungs
and nodules are those of the phantom's truth, so that the figures are those of registration and matching and of nothing else. What is
right: a nodule that both scans show is matched with itself, a new one and a resolved one with none. The aim is 95 % of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from nodulescope.bundles.contracts import LungMask
from nodulescope.bundles.data.phantoms import PhantomNodule, PhantomPair, PhantomScan, Scanner, make_phantom_pair
from nodulescope.bundles.data.phantoms.scanner import Kernel
from nodulescope.operators.examination import NoduleType, Side
from nodulescope.operators.examination.input_facts import lung_extent
from nodulescope.operators.priors.lung_images import lung_images
from nodulescope.operators.priors.matching import match_nodules
from nodulescope.operators.priors.nodule_alignment import align_by_extent, align_by_pattern
from nodulescope.operators.priors.prior_study import RecordedNodule
from nodulescope.operators.priors.registration import NotRegistered, Registration, register_lungs

VOXELS_MM = ((1.8, 1.5), (1.6, 2.5), (2.0, 2.0), (1.7, 3.0))
"""Pixel and slice spacings that are drawn: coarser in the plane than clinical ones, for registration works at 4 mm."""

LUNG_POINTS = 1000
"""Points in the lungs at which the error of the registration is measured."""


@dataclass(frozen=True)
class Outcome:
    """What came of one way to bring one pair together: right decisions of all, wrong pairs, mean error in mm, and CPU seconds."""

    right: int
    decisions: int
    wrong_pairs: int
    error_mm: float
    dice: float | None
    seconds: float


def scanners_of(seed: int) -> tuple[Scanner, Scanner]:
    """Two scanners that differ in voxel, kernel and dose."""
    rng = np.random.default_rng([seed, 11])
    kernels: tuple[Kernel, ...] = ("soft", "standard", "sharp")
    drawn = []
    for _ in range(2):
        pixel, step = VOXELS_MM[int(rng.integers(len(VOXELS_MM)))]
        drawn.append(Scanner((pixel, pixel, step), kernel=kernels[int(rng.integers(3))], noise_hu=float(rng.uniform(10, 40))))
    return drawn[0], drawn[1]


def recorded(nodule: PhantomNodule) -> RecordedNodule:
    """The truth about a nodule as an examination would have it."""
    return RecordedNodule(
        id=nodule.id,
        tracking_uid=f"2.25.{nodule.id}",
        type=NoduleType(nodule.kind),
        side=Side(nodule.side),
        center_lps_mm=nodule.center_lps_mm,
        long_axis_mm=nodule.long_axis_mm,
        short_axis_mm=nodule.short_axis_mm,
        mean_diameter_mm=nodule.mean_diameter_mm,
        solid_diameter_mm=nodule.solid_diameter_mm,
        volume_mm3=nodule.volume_mm3,
    )


def by_lungs(pair: PhantomPair) -> Registration:
    """Both scans at hand."""
    prior, current = (lung_images(scan.ct, _mask(scan)) for scan in (pair.earlier, pair.later))
    return register_lungs(prior, current)


def by_extent(pair: PhantomPair) -> Registration:
    """Only the box around the prior's lungs at hand."""
    prior, current = (lung_extent(_mask(scan)) for scan in (pair.earlier, pair.later))
    if prior is None or current is None:
        raise NotRegistered("no lungs")
    return align_by_extent(prior, current)


def by_pattern(pair: PhantomPair) -> Registration:
    """Only the prior's nodules at hand."""
    return align_by_pattern([recorded(n) for n in pair.earlier.truth], [recorded(n) for n in pair.later.truth])


WAYS = {"lungs": by_lungs, "extent": by_extent, "pattern": by_pattern}


def _mask(scan: PhantomScan) -> LungMask:
    return LungMask(scan.lungs, scan.ct.affine_lps, True)


def evaluate(pair: PhantomPair, way: str) -> Outcome | None:
    """Match the nodules of one pair; None when the way declines to."""
    begin = time.process_time()
    try:
        found = WAYS[way](pair)
    except NotRegistered:
        return None
    prior, current = ([recorded(n) for n in scan.truth] for scan in (pair.earlier, pair.later))
    places = found.to_current([n.center_lps_mm for n in prior])
    matches = match_nodules(prior, places, current, found.gate_mm)
    seconds = time.process_time() - begin
    partner = {prior[i].id: current[j].id for i, j in matches.pairs}
    ids = {n.id for n in prior} | {n.id for n in current}
    both = {n.id for n in prior} & {n.id for n in current}
    matched_now = set(partner.values())
    right = sum(partner.get(number) == number if number in both else number not in partner and number not in matched_now for number in ids)
    wrong = sum(before != now for before, now in partner.items())
    return Outcome(right, len(ids), wrong, _error_mm(pair, found), found.lung_dice, seconds)


def _error_mm(pair: PhantomPair, found: Registration) -> float:
    """Mean distance between where points of the lungs went and where the registration puts them."""
    voxels = np.argwhere(pair.earlier.lungs)
    voxels = voxels[np.random.default_rng(0).integers(len(voxels), size=LUNG_POINTS)]
    affine = pair.earlier.ct.affine_lps
    points = voxels @ affine[:3, :3].T + affine[:3, 3]
    return float(np.linalg.norm(found.to_current(points) - pair.motion.to_later(points), axis=1).mean())


def summary(outcomes: Sequence[Outcome | None]) -> tuple[str, ...]:
    """One row of the table."""
    done = [one for one in outcomes if one is not None]
    right, decisions = sum(one.right for one in done), sum(one.decisions for one in done)
    dices = [one.dice for one in done if one.dice is not None]
    return (
        f"{len(done)} of {len(outcomes)}",
        f"{right} of {decisions}" + (f" ({100 * right / decisions:.1f} %)" if decisions else ""),
        str(sum(one.wrong_pairs for one in done)),
        f"{np.mean([one.error_mm for one in done]):.1f}" if done else "–",
        f"{min(dices):.3f}" if dices else "–",
        f"{np.mean([one.seconds for one in done]):.1f}" if done else "–",
    )


def main() -> None:
    """Make the pairs, try every way, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=12, help="phantom pairs to make (about half a minute of one core each)")
    parser.add_argument("--seed", type=int, default=100, help="seed of the first pair")
    arguments = parser.parse_args()
    console = Console()
    outcomes: dict[str, list[Outcome | None]] = {way: [] for way in WAYS}
    for seed in range(arguments.seed, arguments.seed + arguments.pairs):
        pair = make_phantom_pair(seed, scanners=scanners_of(seed))
        for way, found in outcomes.items():
            found.append(evaluate(pair, way))
        before, after, breath = len(pair.earlier.truth), len(pair.later.truth), pair.motion.posture.diaphragm_mm
        told = ", ".join(f"{way} {found[-1].right} of {found[-1].decisions}" for way, found in outcomes.items() if found[-1])
        console.print(f"pair {seed}: {before} nodules before and {after} after, diaphragm {breath:+.0f} mm; right: {told}")
    table = Table("By", "Pairs", "Right", "Wrong pairs", "Error (mm)", "Least Dice", "CPU s", header_style="bold")
    for way, found in outcomes.items():
        table.add_row(way, *summary(found))
    console.print(table)


if __name__ == "__main__":
    main()
