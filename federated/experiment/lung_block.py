"""A block of phantom lung: parenchyma, vessels and nodules of the phantom, without the body around them, so that it is made in a moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nodulescope.bundles.contracts import RIGHT_LUNG, CTSource, CTVolume
from nodulescope.bundles.data.phantoms import PhantomScan, Scanner
from nodulescope.bundles.data.phantoms.acquisition import add_noise, average_slices, blur_in_plane
from nodulescope.bundles.data.phantoms.canvas import Canvas
from nodulescope.bundles.data.phantoms.grid import Grid
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec
from nodulescope.bundles.data.phantoms.nodules import MadeNodule, label_nodule, nodule_at, paint_nodule, size_shape
from nodulescope.bundles.data.phantoms.noise import smooth_noise
from nodulescope.bundles.data.phantoms.patient import Patient
from nodulescope.bundles.data.phantoms.placement import Site

EDGE = 80
"""Voxels of 1 mm per edge."""

PARENCHYMA_HU = -860.0
MOTTLE_HU = 25.0
"""Mean of aerated lung, and how much it varies over some centimetres."""

VESSEL_HU = 35.0
VESSELS = 22
VESSEL_RADII_MM = (0.6, 2.4)
"""Enough vessels of the size of nodules that brightness alone does not find nodules."""

WALL_MM = 14.0
"""A nodule's centre is at least so far from the block's faces."""

GAP_MM = 4.0
"""Between the surfaces of two nodules."""

TRIES = 400


def make_block(seed: int, scanner: Scanner, nodules: Sequence[NoduleSpec]) -> PhantomScan:
    """Make a block of lung as a scanner shows it. The same arguments give the same bytes.

    Args:
        seed: draws vessels, places and noise.
        scanner: its voxels must be 1 mm; thick slices average over their thickness.
        nodules: what it holds; one for which there is no room is left out.
    """
    rng = np.random.default_rng([seed, 31])
    grid = Grid((-EDGE / 2 + 0.5,) * 3, (1.0, 1.0, 1.0), (EDGE, EDGE, EDGE))
    canvas = Canvas(grid)
    canvas.hu[:] = PARENCHYMA_HU + MOTTLE_HU * smooth_noise(rng, grid, 18.0)
    made = _place(seed, nodules, rng)
    for nodule in made:
        paint_nodule(canvas, nodule, before_vessels=True)
    _paint_vessels(canvas, rng)
    for nodule in made:
        paint_nodule(canvas, nodule, before_vessels=False)
    blur_in_plane(canvas.hu, grid, scanner)
    hu = average_slices(canvas.hu, grid, scanner, 1)
    add_noise(hu, grid, scanner, lambda _: np.ones((EDGE, EDGE), np.float32), np.zeros(EDGE, np.float32), rng)
    labels = np.zeros(grid.shape, np.uint8)
    for nodule in made:
        label_nodule(labels, grid, nodule)
    ct = CTVolume(np.rint(hu).transpose(2, 1, 0), grid.affine_lps(), CTSource("phantom", path=f"block {seed}"))
    lungs = np.full(labels.shape, RIGHT_LUNG, np.uint8)
    patient = Patient()
    return PhantomScan(ct, lungs, labels.transpose(2, 1, 0), tuple(nodule.truth for nodule in made), seed, scanner, patient)


def _place(seed: int, nodules: Sequence[NoduleSpec], rng: np.random.Generator) -> list[MadeNodule]:
    """Nodules that do not touch, the first ones first."""
    made: list[MadeNodule] = []
    reach = EDGE / 2 - WALL_MM
    for spec in nodules:
        number = len(made) + 1
        sized = size_shape(seed, number, spec)
        for _ in range(TRIES):
            centre = rng.uniform(-reach, reach, 3)
            gaps = [np.linalg.norm(centre - other.centre_mm) - other.reach_mm - sized.reach_mm for other in made]
            if min(gaps, default=GAP_MM) >= GAP_MM:
                made.append(nodule_at(seed, number, spec, sized, Site(centre, sized.reach_mm, "isolated"), {RIGHT_LUNG: _deep_inside}))
                break
    return made


def _deep_inside(points: ArrayLike) -> NDArray[np.float64]:
    """Signed distance to a lung that has no surface near."""
    return np.full(np.shape(points)[:-1], -1000.0)


def _paint_vessels(canvas: Canvas, rng: np.random.Generator) -> None:
    """Straight tubes in all directions."""
    x, y, z = canvas.grid.axes()
    for _ in range(VESSELS):
        start = rng.uniform(-EDGE / 2, EDGE / 2, 3)
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        radius = float(rng.uniform(*VESSEL_RADII_MM))
        across = [axis - np.float32(at) for axis, at in zip((x, y, z), start, strict=True)]
        along = sum(part * np.float32(part_of) for part, part_of in zip(across, direction, strict=True))
        squared = sum(part * part for part in across) - along * along
        cover = np.clip(0.5 - (np.sqrt(np.maximum(squared, 0.0)) - np.float32(radius)), 0.0, 1.0)
        canvas.hu += cover * np.maximum(np.float32(VESSEL_HU) - canvas.hu, 0.0)
