"""Scanning a composed body: its CT, its lung labels and its nodule labels on the scanner's slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from nodulescope.bundles.data.phantoms.anatomy import Anatomy
from nodulescope.bundles.data.phantoms.canvas import Canvas
from nodulescope.bundles.data.phantoms.grid import Field, Grid, refine
from nodulescope.bundles.data.phantoms.mediastinum import AIRWAY_WALL_MM
from nodulescope.bundles.data.phantoms.nodules import MadeNodule, label_nodule
from nodulescope.bundles.data.phantoms.patient import Patient
from nodulescope.bundles.data.phantoms.scan import PhantomScan
from nodulescope.bundles.data.phantoms.scanner import Scanner

Scalar = TypeVar("Scalar", bound=np.generic)

HILAR_MM = 1.5
"""Lung labels end this far from the great vessels and main bronchi."""


@dataclass(frozen=True)
class Surroundings:
    """What a scan needs to know of a body beside its HU. Fields lie on the coarse grid of the canvas.

    Attributes:
        skin: signed distance to the body's surface.
        radius: distance from the body's long axis.
        lungs: signed distance to each labelled lung, which ends at the hilum.
        dome_mm: LPS z of the dome of the right diaphragm.
        lung_height_mm: from there to the apex.
    """

    skin: Field
    radius: Field
    lungs: dict[int, Field]
    dome_mm: float
    lung_height_mm: float


def surroundings_of(anatomy: Anatomy) -> Surroundings:
    """The surroundings of a body where its anatomy was computed."""
    m = anatomy.mediastinum
    hilum = np.minimum(np.minimum(m.pulmonary, m.arteries), m.airway - np.float32(AIRWAY_WALL_MM)) - np.float32(HILAR_MM)
    lungs = {label: np.maximum(anatomy.lungs.lung[label], -hilum) for label in (RIGHT_LUNG, LEFT_LUNG)}
    return Surroundings(anatomy.thorax.skin, anatomy.frame.radius, lungs, 0.0, anatomy.frame.patient.lung_height_mm)


def scan_body(
    canvas: Canvas,
    around: Surroundings,
    nodules: Sequence[MadeNodule],
    split: int,
    noise: np.random.Generator,
    *,
    seed: int,
    scanner: Scanner,
    patient: Patient,
    name: str,
) -> PhantomScan:
    """Scan a body that is painted on a canvas, nodules and table included. The canvas is used up.

    Args:
        canvas: the composed body.
        around: what surrounds its lungs.
        nodules: what the scan shows.
        split: slabs of the canvas that make one slice spacing.
        noise: draws the scanner's noise.
        seed: what the phantom is made from, like the next two.
        scanner: how it is scanned.
        patient: whom it shows.
        name: of the scan, for messages.
    """
    grid = canvas.grid
    slices = Grid(_slice_origin(grid, split), scanner.spacing_mm, (grid.shape[0] // split, grid.shape[1], grid.shape[2]))
    hu, padding = _acquire(canvas, around, scanner, slices, split, noise)
    lungs, labels = _labels(canvas, around, nodules, slices, split)
    ct = CTVolume(_ijk(hu), slices.affine_lps(), CTSource("phantom", path=name), None if padding is None else _ijk(padding))
    return PhantomScan(ct, _ijk(lungs), _ijk(labels), tuple(n.truth for n in nodules), seed, scanner, patient)


def _slice_origin(grid: Grid, split: int) -> tuple[float, float, float]:
    x, y, z = grid.origin_mm
    return x, y, z + grid.spacing_mm[2] * (split - 1) / 2


def _ijk(volume: NDArray[Scalar]) -> NDArray[Scalar]:
    """From (z, y, x) to (i, j, k): a view, in which a slice still lies together in memory."""
    return volume.transpose(2, 1, 0)


def _acquire(
    canvas: Canvas, around: Surroundings, scanner: Scanner, slices: Grid, split: int, noise: np.random.Generator
) -> tuple[Field, NDArray[np.bool_] | None]:
    """Scan the composed body: HU (z, y, x) in whole numbers, and padding."""
    blur_in_plane(canvas.hu, canvas.grid, scanner)
    hu = average_slices(canvas.hu, canvas.grid, scanner, split)
    height = (slices.axes()[2].ravel() - np.float32(around.dome_mm)) / np.float32(around.lung_height_mm)
    shoulders = np.clip((height - 0.72) / 0.3, 0, 1)
    belly = np.clip((0.05 - height) / 0.3, 0, 1)
    scale = 1 + 0.8 * shoulders + 0.35 * belly
    body = np.float32(0.55) + np.float32(0.55) * np.exp(-((around.radius / 110) ** 2))
    coarse = np.where(around.skin < 6, body, np.float32(NOISE_OUTSIDE))
    rows = np.minimum(np.arange(len(hu)) * split // canvas.factors[0], len(coarse) - 1)

    def level(k: int) -> Field:
        plane = refine(coarse[rows[k]][None], (1, *canvas.factors[1:]))[0]
        return np.asarray(plane[: slices.shape[1], : slices.shape[2]] * np.float32(scale[k]), dtype=np.float32)

    add_noise(hu, slices, scanner, level, 0.75 * shoulders, noise)
    np.rint(hu, out=hu)
    np.clip(hu, LOWEST_HU, HIGHEST_HU, out=hu)
    outside = outside_field(slices, scanner)
    if outside is None:
        return hu, None
    hu[:, outside] = AIR_HU
    return hu, np.broadcast_to(outside, hu.shape).copy()


def _labels(
    canvas: Canvas, around: Surroundings, made: Sequence[MadeNodule], slices: Grid, split: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Lung and nodule labels (z, y, x) on the slices."""
    lungs = np.zeros(slices.shape, dtype=np.uint8)
    for label, lung in around.lungs.items():
        # Slices lie in the middle of their slabs; with an even number of slabs the upper middle one stands for them.
        lungs[canvas.label(lung)[split // 2 :: split]] = label
    nodules = np.zeros(slices.shape, dtype=np.uint8)
    for nodule in made:
        box, mask = label_nodule(nodules, slices, nodule)
        lungs[box][mask] = LEFT_LUNG if nodule.truth.side == "left" else RIGHT_LUNG
    return lungs, nodules
