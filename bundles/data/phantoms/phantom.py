"""Making a phantom: the one function that puts everything together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, CTSource, CTVolume
from nodulescope.bundles.contracts.ct_volume import AIR_HU
from nodulescope.bundles.data.phantoms.acquisition import (
    HIGHEST_HU,
    LOWEST_HU,
    NOISE_OUTSIDE,
    add_noise,
    average_slices,
    blur_in_plane,
    outside_field,
)
from nodulescope.bundles.data.phantoms.anatomy import Anatomy, extent, make_anatomy
from nodulescope.bundles.data.phantoms.body_tissues import paint_body
from nodulescope.bundles.data.phantoms.canvas import Canvas
from nodulescope.bundles.data.phantoms.grid import Field, Grid, refine, working_grid
from nodulescope.bundles.data.phantoms.lung_tissues import paint_lungs
from nodulescope.bundles.data.phantoms.mediastinum import AIRWAY_WALL_MM
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec, draw_nodules
from nodulescope.bundles.data.phantoms.nodules import MadeNodule, label_nodule, make_nodule
from nodulescope.bundles.data.phantoms.patient import Patient, draw_patient
from nodulescope.bundles.data.phantoms.placement import Placer
from nodulescope.bundles.data.phantoms.scan import PhantomScan
from nodulescope.bundles.data.phantoms.scanner import Scanner, draw_scanner
from nodulescope.bundles.data.phantoms.streams import Stream, generator
from nodulescope.bundles.data.phantoms.table import paint_table
from nodulescope.bundles.errors import UsageError

Scalar = TypeVar("Scalar", bound=np.generic)

HILAR_MM = 1.5
"""Lung labels end this far from the great vessels and main bronchi."""


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
    if seed < 0:
        raise UsageError(f"a phantom's seed must be 0 or more, not {seed}")
    scanner = scanner or draw_scanner(generator(seed, Stream.SCANNER))
    patient = patient or draw_patient(generator(seed, Stream.PATIENT))
    specs = tuple(nodules) if nodules is not None else draw_nodules(generator(seed, Stream.NODULES))
    if len(specs) > 255:
        raise UsageError(f"a phantom holds at most 255 nodules, not {len(specs)}")
    grid, split = working_grid(scanner, *extent(patient))
    canvas = Canvas(grid)
    anatomy = make_anatomy(seed, patient, canvas.coarse)
    made = _make_nodules(seed, specs, anatomy)
    paint_body(canvas, anatomy, seed)
    paint_lungs(canvas, anatomy, made, seed)
    paint_table(canvas, anatomy.thorax.skin)
    slices = Grid(_slice_origin(grid, split), scanner.spacing_mm, (grid.shape[0] // split, grid.shape[1], grid.shape[2]))
    hu, padding = _acquire(canvas, anatomy, scanner, slices, split, seed)
    lungs, labels = _labels(canvas, anatomy, made, slices, split)
    ct = CTVolume(_ijk(hu), slices.affine_lps(), CTSource("phantom", path=f"phantom {seed}"), None if padding is None else _ijk(padding))
    return PhantomScan(ct, _ijk(lungs), _ijk(labels), tuple(n.truth for n in made), seed, scanner, patient)


def _slice_origin(grid: Grid, split: int) -> tuple[float, float, float]:
    x, y, z = grid.origin_mm
    return x, y, z + grid.spacing_mm[2] * (split - 1) / 2


def _ijk(volume: NDArray[Scalar]) -> NDArray[Scalar]:
    """From (z, y, x) to (i, j, k): a view, in which a slice still lies together in memory."""
    return volume.transpose(2, 1, 0)


def _make_nodules(seed: int, specs: tuple[NoduleSpec, ...], anatomy: Anatomy) -> list[MadeNodule]:
    """Place and measure the nodules, the largest first, because they have the fewest sites."""
    coarse = anatomy.frame.grid
    placer = Placer(coarse, anatomy.lungs.both, anatomy.thorax.cage, anatomy.vasculature.vessels, generator(seed, Stream.PLACEMENT))
    order = sorted(range(len(specs)), key=lambda i: -specs[i].diameter_mm)
    made = {i: make_nodule(seed, i + 1, specs[i], placer, anatomy.lungs.lung, coarse) for i in order}
    return [made[i] for i in range(len(specs))]


def _acquire(
    canvas: Canvas, anatomy: Anatomy, scanner: Scanner, slices: Grid, split: int, seed: int
) -> tuple[Field, NDArray[np.bool_] | None]:
    """Scan the composed body: HU (z, y, x) in whole numbers, and padding."""
    blur_in_plane(canvas.hu, canvas.grid, scanner)
    hu = average_slices(canvas.hu, canvas.grid, scanner, split)
    frame = anatomy.frame
    height = slices.axes()[2].ravel() / np.float32(frame.patient.lung_height_mm)
    shoulders = np.clip((height - 0.72) / 0.3, 0, 1)
    belly = np.clip((0.05 - height) / 0.3, 0, 1)
    scale = 1 + 0.8 * shoulders + 0.35 * belly
    body = np.float32(0.55) + np.float32(0.55) * np.exp(-((frame.radius / 110) ** 2))
    coarse = np.where(anatomy.thorax.skin < 6, body, np.float32(NOISE_OUTSIDE))
    rows = np.minimum(np.arange(len(hu)) * split // canvas.factors[0], len(coarse) - 1)

    def level(k: int) -> Field:
        plane = refine(coarse[rows[k]][None], (1, *canvas.factors[1:]))[0]
        return np.asarray(plane[: slices.shape[1], : slices.shape[2]] * np.float32(scale[k]), dtype=np.float32)

    add_noise(hu, slices, scanner, level, 0.75 * shoulders, generator(seed, Stream.NOISE))
    np.rint(hu, out=hu)
    np.clip(hu, LOWEST_HU, HIGHEST_HU, out=hu)
    outside = outside_field(slices, scanner)
    if outside is None:
        return hu, None
    hu[:, outside] = AIR_HU
    return hu, np.broadcast_to(outside, hu.shape).copy()


def _labels(
    canvas: Canvas, anatomy: Anatomy, made: list[MadeNodule], slices: Grid, split: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Lung and nodule labels (z, y, x) on the slices."""
    m = anatomy.mediastinum
    hilum = np.minimum(np.minimum(m.pulmonary, m.arteries), m.airway - np.float32(AIRWAY_WALL_MM)) - np.float32(HILAR_MM)
    lungs = np.zeros(slices.shape, dtype=np.uint8)
    for label in (RIGHT_LUNG, LEFT_LUNG):
        # Slices lie in the middle of their slabs; with an even number of slabs the upper middle one stands for them.
        lungs[canvas.label(np.maximum(anatomy.lungs.lung[label], -hilum))[split // 2 :: split]] = label
    nodules = np.zeros(slices.shape, dtype=np.uint8)
    for nodule in made:
        box, mask = label_nodule(nodules, slices, nodule)
        lungs[box][mask] = LEFT_LUNG if nodule.truth.side == "left" else RIGHT_LUNG
    return lungs, nodules
