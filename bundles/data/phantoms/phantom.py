"""Making a phantom: the one function that puts everything together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from nodulescope.bundles.data.phantoms.anatomy import Anatomy, extent, make_anatomy
from nodulescope.bundles.data.phantoms.body_tissues import paint_body
from nodulescope.bundles.data.phantoms.canvas import Canvas
from nodulescope.bundles.data.phantoms.grid import sample, working_grid
from nodulescope.bundles.data.phantoms.lung_tissues import paint_lungs
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec, draw_nodules
from nodulescope.bundles.data.phantoms.nodules import MadeNodule, make_nodule
from nodulescope.bundles.data.phantoms.patient import Patient, draw_patient
from nodulescope.bundles.data.phantoms.placement import Placer
from nodulescope.bundles.data.phantoms.scan import PhantomScan
from nodulescope.bundles.data.phantoms.scanner import Scanner, draw_scanner
from nodulescope.bundles.data.phantoms.scanning import scan_body, surroundings_of
from nodulescope.bundles.data.phantoms.streams import Stream, generator
from nodulescope.bundles.data.phantoms.table import paint_table
from nodulescope.bundles.errors import UsageError

MOST_NODULES = 255
"""Nodules are numbered in a label map of 8 bits."""


def make_phantom(
    seed: int, *, scanner: Scanner | None = None, patient: Patient | None = None, nodules: Sequence[NoduleSpec] | None = None
) -> PhantomScan:
    """Make a synthetic chest CT with its truth. The same arguments give the same bytes.

    Args:
        seed: 0 or more; draws everything that is not given.
        scanner: how it is scanned; drawn when None.
        patient: whom it shows; drawn when None.
        nodules: which nodules it holds; 0 to 8 drawn ones when None.

    Returns:
        The scan in LPS coordinates, its lung and nodule labels and the truth about its nodules.

    Raises:
        UsageError: the seed is negative, or more than 255 nodules are asked for.
        InputError: the lungs have no room for the nodules.
    """
    return scan_planned(plan_phantom(seed, scanner=scanner, patient=patient, nodules=nodules))


@dataclass(frozen=True)
class PlannedPhantom:
    """A phantom before it is painted and scanned: what truth beyond its labels needs.

    Attributes:
        seed, scanner, patient: what it is made from.
        canvas: the empty working grid; a scan uses it up.
        split: slabs of the canvas that make one slice spacing.
        anatomy: the patient.
        made: the nodules, their analytic solids included.
    """

    seed: int
    scanner: Scanner
    patient: Patient
    canvas: Canvas = field(repr=False)
    split: int
    anatomy: Anatomy = field(repr=False)
    made: tuple[MadeNodule, ...] = field(repr=False)


def plan_phantom(
    seed: int, *, scanner: Scanner | None = None, patient: Patient | None = None, nodules: Sequence[NoduleSpec] | None = None
) -> PlannedPhantom:
    """Draw the patient and place the nodules of a phantom; the arguments are those of :func:`make_phantom`."""
    specs = tuple(nodules) if nodules is not None else None
    check_request(seed, 0 if specs is None else len(specs))
    scanner = scanner or draw_scanner(generator(seed, Stream.SCANNER))
    patient = patient or draw_patient(generator(seed, Stream.PATIENT))
    specs = specs if specs is not None else draw_nodules(generator(seed, Stream.NODULES))
    grid, split = working_grid(scanner, *extent(patient))
    canvas = Canvas(grid)
    anatomy = make_anatomy(seed, patient, canvas.coarse)
    return PlannedPhantom(seed, scanner, patient, canvas, split, anatomy, tuple(_make_nodules(seed, specs, anatomy)))


def scan_planned(plan: PlannedPhantom) -> PhantomScan:
    """Paint a planned phantom and scan it, once."""
    seed, canvas, anatomy, made = plan.seed, plan.canvas, plan.anatomy, plan.made
    paint_body(canvas, anatomy, seed)
    paint_lungs(canvas, anatomy, list(made), seed)
    paint_table(canvas, anatomy.thorax.skin)
    noise, name = generator(seed, Stream.NOISE), f"phantom {seed}"
    around = surroundings_of(anatomy)
    return scan_body(canvas, around, made, plan.split, noise, seed=seed, scanner=plan.scanner, patient=plan.patient, name=name)


def check_request(seed: int, nodules: int) -> None:
    """Refuse what no phantom can be made of.

    Raises:
        UsageError: the seed is negative, or there are too many nodules.
    """
    if seed < 0:
        raise UsageError(f"a phantom's seed must be 0 or more, not {seed}")
    if nodules > MOST_NODULES:
        raise UsageError(f"a phantom holds at most {MOST_NODULES} nodules, not {nodules}")


def placer_in(seed: int, anatomy: Anatomy) -> Placer:
    """Finds sites for the nodules of a phantom."""
    placement = generator(seed, Stream.PLACEMENT)
    return Placer(anatomy.frame.grid, anatomy.lungs.both, anatomy.thorax.cage, anatomy.vasculature.vessels, placement)


def _make_nodules(seed: int, specs: tuple[NoduleSpec, ...], anatomy: Anatomy) -> list[MadeNodule]:
    """Place and measure the nodules, the largest first, because they have the fewest sites."""
    placer = placer_in(seed, anatomy)
    lungs = {label: partial(sample, field, anatomy.frame.grid) for label, field in anatomy.lungs.lung.items()}
    order = sorted(range(len(specs)), key=lambda i: -specs[i].diameter_mm)
    made = {i: make_nodule(seed, i + 1, specs[i], placer, lungs) for i in order}
    return [made[i] for i in range(len(specs))]
