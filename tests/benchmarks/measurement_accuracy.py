"""How well nodules are measured, on phantoms of known size: ``python tests/benchmarks/measurement_accuracy.py``. Not a test.

Every nodule is measured twice: on its true outline, which shows what the measuring itself loses, and on the outline of the shipped
network, as in practice. The network is given places with an error of about a millimetre, as a detector gives them; lungs are those of the
shipped network too with ``--lungs network``. The tables are in Markdown: `operators/measurement/docs/accuracy.md` holds a copy.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console

from nodulescope.bundles.contracts import Candidate, CTVolume, LungMask, Outline
from nodulescope.bundles.data.phantoms import NoduleSpec, PhantomNodule, Scanner
from nodulescope.bundles.data.phantoms.nodule_spec import Kind, Place
from nodulescope.bundles.data.phantoms.nodule_truth import TruePleura, true_outline
from nodulescope.bundles.data.phantoms.phantom import plan_phantom, scan_planned
from nodulescope.bundles.predictors import STAGES
from nodulescope.bundles.predictors.outline import WHOLE_UP_TO_MM
from nodulescope.operators.examination import Location, Measurements, NoduleType, Side
from nodulescope.operators.measurement import LungSections, NothingToMeasure, locate, measure
from nodulescope.operators.models import Models, open_models

SCANNERS = (
    Scanner((0.7, 0.7, 1.0), kernel="standard", noise_hu=22.0),
    Scanner((0.75, 0.75, 1.25), kernel="soft", noise_hu=16.0),
    Scanner((0.65, 0.65, 1.0), kernel="sharp", noise_hu=40.0),
    Scanner((0.7, 0.7, 2.5), kernel="standard", noise_hu=18.0),
)
"""Scanners, one after the other: three thin ones and one at the limit of what is not thick."""

SIZES = (((3.5, 6.0), 5), ((6.0, 8.0), 5), ((8.0, 15.0), 5), ((15.0, 30.0), 3))
"""Range of mean diameters in mm, and nodules of that range in each scan."""

PLACE_ERROR_MM = 0.8
"""Standard deviation along each axis of the place that the network is given."""

WITHIN_MM, WITHIN_SHARE = 1.0, 0.15
"""The aims: mean diameter within 1 mm, volume within 15 %, from 6 mm on."""


@dataclass(frozen=True)
class Case:
    """One nodule as it is and as it was measured; ``found`` is None where there was no outline."""

    truth: PhantomNodule
    pleura_mm: float
    found: tuple[Measurements, NoduleType, Side, Location] | None


def drawn_nodules(seed: int) -> list[NoduleSpec]:
    """Nodules of every size, kind, shape and place."""
    rng = np.random.default_rng([seed, 23])
    kinds: tuple[Kind, ...] = ("solid", "part-solid", "ground-glass", "calcified")
    places: tuple[Place, ...] = ("isolated", "vessel", "pleura")
    specs = []
    for (low, high), number in SIZES:
        for _ in range(number):
            kind = kinds[int(rng.choice(4, p=[0.45, 0.2, 0.2, 0.15] if low >= 6 else [0.65, 0.0, 0.2, 0.15]))]
            rough = rng.random() < 0.4 and kind != "calcified"
            specs.append(
                NoduleSpec(
                    kind,
                    round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), 2),
                    sphericity=float(rng.beta(4.0, 1.8)),
                    lobulation=float(rng.uniform(0.3, 1.0) if rough else rng.uniform(0.0, 0.25)),
                    spiculation=float(rng.uniform(0.2, 0.8) if rough and rng.random() < 0.5 else 0.0),
                    place=places[int(rng.choice(3, p=[0.5, 0.25, 0.25]))],
                )
            )
    return specs


def measured(
    outline: Outline, ct: CTVolume, lungs: LungMask, sections: LungSections
) -> tuple[Measurements, NoduleType, Side, Location] | None:
    """Everything that is measured on one outline."""
    try:
        sizes, kind = measure(outline, ct)
    except NothingToMeasure:
        return None
    return sizes, kind, *locate(outline, lungs, sections)


def cases_of(seed: int, models: Models, own_lungs: bool) -> tuple[list[Case], list[Case]]:
    """One phantom: its nodules on the true outlines, and on those of the network."""
    plan = plan_phantom(seed, scanner=SCANNERS[seed % len(SCANNERS)], nodules=drawn_nodules(seed))
    pleura = TruePleura(plan)
    outlines = [true_outline(made, max(1.0, made.truth.mean_diameter_mm / WHOLE_UP_TO_MM)) for made in plan.made]
    distances = [pleura.distance_mm(made) for made in plan.made]
    scan = scan_planned(plan)
    rng = np.random.default_rng([seed, 29])
    places = [Candidate(tuple(np.asarray(n.center_lps_mm) + rng.normal(0, PLACE_ERROR_MM, 3)), n.mean_diameter_mm, 1.0) for n in scan.truth]
    true_lungs = LungMask(scan.lungs, scan.ct.affine_lps, True)
    results = []
    for drawn, lungs in ((outlines, true_lungs), (models.outline(scan.ct, places), models.lungs(scan.ct) if own_lungs else true_lungs)):
        sections = LungSections(replace(lungs, fully_covered=True))
        found = [measured(outline, scan.ct, lungs, sections) for outline in drawn]
        results.append([Case(t, d, f) for t, d, f in zip(scan.truth, distances, found, strict=True)])
    return results[0], results[1]


def spread(errors: Sequence[float], unit: str, within: float | None = None) -> str:
    """Mean error, its standard deviation, the median, and the share within a limit."""
    if not errors:
        return "–"
    values = np.asarray(errors)
    digits = 0 if unit == " %" else 2
    scale = 100.0 if unit == " %" else 1.0
    text = f"{scale * values.mean():+.{digits}f} ± {scale * values.std():.{digits}f}{unit} (median {scale * np.median(values):+.{digits}f})"
    return text if within is None else f"{text}, {np.mean(np.abs(values) <= within):.0%}"


def table(cases: Sequence[Case]) -> str:
    """Errors by the nodule's true size, as Markdown."""
    names = (
        "Size",
        "n",
        "Mean diameter, within 1 mm",
        "Long axis",
        "Short axis",
        "Volume, within 15 %",
        "Solid part",
        "Pleura",
        "Type",
        "Side",
    )
    rows = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    classes = [*(limits for limits, _ in SIZES), (6.0, 1000.0)]
    for low, high in classes:
        here = [c for c in cases if low <= c.truth.mean_diameter_mm < high]
        name = f"{low:g} to {high:g} mm" if high < 1000 else f"**{low:g} mm and more**"
        rows.append("| " + " | ".join((name, *_row(here))) + " |")
    return "\n".join(rows)


def _row(cases: Sequence[Case]) -> tuple[str, ...]:
    done = [(c.truth, c.pleura_mm, *c.found) for c in cases if c.found is not None]
    solid = [
        sizes.solid_diameter_mm - truth.solid_diameter_mm
        for truth, _, sizes, *_ in done
        if truth.solid_diameter_mm is not None and sizes.solid_diameter_mm is not None
    ]
    pleura = [place.pleura_distance_mm - true for _, true, *_, place in done if place.pleura_distance_mm is not None]

    def errors(name: str, relative: bool = False) -> list[float]:
        pairs = [(getattr(sizes, name), getattr(truth, name)) for truth, _, sizes, *_ in done]
        return [(a - b) / (b if relative else 1.0) for a, b in pairs]

    missed = len(cases) - len(done)
    return (
        f"{len(cases)}" + (f" ({missed} without outline)" if missed else ""),
        spread(errors("mean_diameter_mm"), " mm", WITHIN_MM),
        spread(errors("long_axis_mm"), " mm"),
        spread(errors("short_axis_mm"), " mm"),
        spread(errors("volume_mm3", relative=True), " %", WITHIN_SHARE),
        spread(solid, " mm") + (f" (n = {len(solid)})" if solid else ""),
        spread(pleura, " mm"),
        _share(done, lambda truth, kind, side: truth.kind == kind),
        _share(done, lambda truth, kind, side: truth.side == side),
    )


def _share(done: Sequence[tuple], right: Callable[[PhantomNodule, NoduleType, Side], bool]) -> str:  # type: ignore[type-arg]
    return f"{np.mean([right(truth, kind, side) for truth, _, _, kind, side, _ in done]):.0%}" if done else "–"


def kinds(cases: Sequence[Case]) -> str:
    """What each kind was taken for, from 6 mm on, as Markdown."""
    counted = Counter((c.truth.kind, str(c.found[1])) for c in cases if c.found is not None and c.truth.mean_diameter_mm >= 6)
    found = [kind.value for kind in NoduleType]
    rows = ["| True type | " + " | ".join(found) + " |", "|" + " --- |" * (len(found) + 1)]
    rows += [f"| {true} | " + " | ".join(str(counted[true, kind]) for kind in found) + " |" for true in found]
    return "\n".join(rows)


def main() -> None:
    """Make the phantoms, measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=8, help="phantoms of 18 nodules each (about two minutes of one core each)")
    parser.add_argument("--seed", type=int, default=500, help="seed of the first phantom")
    parser.add_argument("--lungs", choices=("true", "network"), default="network", help="lungs by which the network's outlines are located")
    arguments = parser.parse_args()
    console = Console(markup=False, highlight=False, soft_wrap=True)
    models = open_models(device="cpu")
    versions = {one.stage: one.version for one in models.provenance}
    true, network = [], []
    for seed in range(arguments.seed, arguments.seed + arguments.scans):
        begin = time.process_time()
        on_truth, on_network = cases_of(seed, models, arguments.lungs == "network")
        true += on_truth
        network += on_network
        console.print(f"phantom {seed}: {len(on_truth)} nodules, {time.process_time() - begin:.0f} s of CPU")
    console.print(
        f"\n{len(true)} nodules, {', '.join(f'{stage} {versions[stage]}' for stage in STAGES if stage.endswith('segmentation'))}\n"
    )
    for name, cases in (("On the true outline", true), ("On the network's outline", network)):
        console.print(f"{name}\n\n{table(cases)}\n\n{kinds(cases)}\n")


if __name__ == "__main__":
    main()
