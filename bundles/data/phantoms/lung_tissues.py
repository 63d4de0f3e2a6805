"""Giving HU to the lungs' contents, trachea and bronchi."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nodulescope.bundles.data.phantoms.anatomy import Anatomy
from nodulescope.bundles.data.phantoms.body_tissues import BLOOD_HU, PULMONARY_CONTRAST
from nodulescope.bundles.data.phantoms.branching import Branches
from nodulescope.bundles.data.phantoms.canvas import Canvas
from nodulescope.bundles.data.phantoms.grid import Field, Grid
from nodulescope.bundles.data.phantoms.mediastinum import AIRWAY_WALL_MM
from nodulescope.bundles.data.phantoms.nodules import MadeNodule, paint_nodule
from nodulescope.bundles.data.phantoms.parenchyma import FISSURE_HU, FISSURE_MM, fissure_sheets, lung_hu, scars
from nodulescope.bundles.data.phantoms.streams import Stream, generator
from nodulescope.bundles.data.phantoms.vasculature import draw

AIRWAY_HU, LUMEN_HU, WALL_HU, BRONCHUS_WALL_HU = -1000.0, -975.0, 30.0, -80.0
"""Air in the trachea and in bronchi; walls of trachea and main bronchi (soft tissue) and of thinner bronchi, whose walls are part air."""

STRAND_HU = 0.0
"""Strands around spiculated nodules (fibrous tissue)."""

HILUM_MM = 30.0
"""How far around the lungs vessels and bronchi are drawn."""

GRAIN_HU = 24.0
"""Standard deviation, voxel by voxel, of structure too small to be drawn."""


def paint_lungs(canvas: Canvas, anatomy: Anatomy, nodules: Sequence[MadeNodule], seed: int) -> None:
    """Paint the lungs: tissue, fissures, scars, ground-glass, vessels, bronchi, solid nodules; then the trachea."""
    rng = generator(seed, Stream.PARENCHYMA)
    a, contrast = anatomy, anatomy.frame.patient.contrast_hu
    hu = lung_hu(a.frame, a.lungs, rng)
    canvas.paint(a.lungs.both, 0.0, hu)
    for sheet, within in fissure_sheets(a.lungs):
        canvas.paint_sheet(sheet, within, FISSURE_MM, FISSURE_HU)
    for scar, value in scars(a.frame, a.lungs, generator(seed, Stream.DISTRACTORS)):
        canvas.paint(scar, value)
    _add_grain(canvas, anatomy, rng)
    for nodule in nodules:
        paint_nodule(canvas, nodule, before_vessels=True)
    _paint_trees(canvas, anatomy, nodules, BLOOD_HU + PULMONARY_CONTRAST * contrast)
    for nodule in nodules:
        paint_nodule(canvas, nodule, before_vessels=False)
    lumen = a.mediastinum.airway
    neck = np.maximum(lumen - np.float32(AIRWAY_WALL_MM), -lumen)
    canvas.paint(neck, WALL_HU)
    canvas.paint(lumen, AIRWAY_HU)


def _add_grain(canvas: Canvas, anatomy: Anatomy, rng: np.random.Generator) -> None:
    """Fine texture of the lung below the size of a lobule: vessels and septa too small to be drawn one by one."""
    for coarse_box, fine_box in canvas.blocks(anatomy.lungs.both, 0.0):
        block = canvas.hu[fine_box]
        cover = canvas.cover(anatomy.lungs.both[coarse_box], canvas.edge_mm, block.shape)
        grain = rng.standard_normal(block.shape, dtype=np.float32)
        block += cover * grain * np.float32(GRAIN_HU)


def _paint_trees(canvas: Canvas, anatomy: Anatomy, nodules: Sequence[MadeNodule], blood_hu: float) -> None:
    """Paint walls of bronchi, then vessels, the strands of nodules and the lumina of bronchi."""
    blocks = canvas.blocks(anatomy.lungs.both, HILUM_MM)
    if not blocks:
        return
    low = [min(fine[axis].start for _, fine in blocks) for axis in range(3)]
    high = [max(fine[axis].stop for _, fine in blocks) for axis in range(3)]
    origin = [canvas.grid.origin_mm[a] + canvas.grid.spacing_mm[a] * low[2 - a] for a in range(3)]
    local = Grid((origin[0], origin[1], origin[2]), canvas.grid.spacing_mm, (high[0] - low[0], high[1] - low[1], high[2] - low[2]))
    block = canvas.hu[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    cover = np.zeros(local.shape, dtype=np.float32)
    trees, edge = anatomy.vasculature, canvas.edge_mm
    draw(cover, local, trees.bronchi, edge, extra_mm=0.35, relative=1.08)
    _blend(block, cover, BRONCHUS_WALL_HU)
    draw(cover, local, trees.vessels, edge)
    _blend(block, cover, blood_hu)
    draw(cover, local, Branches.joined([nodule.strands for nodule in nodules]), edge)
    _blend(block, cover, STRAND_HU)
    draw(cover, local, trees.bronchi, edge)
    _blend(block, cover, LUMEN_HU)


def paint_strands(canvas: Canvas, nodules: Sequence[MadeNodule]) -> None:
    """Paint the strands of nodules into lungs that are painted already."""
    for nodule in nodules:
        fibres = nodule.strands
        if not len(fibres.start):
            continue
        ends = np.concatenate([fibres.start, fibres.end])
        margin = 2 * max(canvas.grid.spacing_mm)
        box = canvas.grid.box(ends.min(axis=0) - margin, ends.max(axis=0) + margin)
        block = canvas.hu[box]
        x, y, z = (float(canvas.grid.origin_mm[axis] + canvas.grid.spacing_mm[axis] * box[2 - axis].start) for axis in range(3))
        nz, ny, nx = block.shape
        cover = np.zeros(block.shape, dtype=np.float32)
        draw(cover, Grid((x, y, z), canvas.grid.spacing_mm, (nz, ny, nx)), fibres, canvas.edge_mm)
        _blend(block, cover, STRAND_HU)


def _blend(block: Field, cover: Field, value: float) -> None:
    """Mix a value into a block by its share, slice by slice, in place, and clear the share. Tissue only gets denser, air only thinner."""
    extreme = np.minimum if value < LUMEN_HU + 1 else np.maximum
    for plane, share in zip(block, cover, strict=True):
        if share.any():
            extreme(plane, plane + share * (np.float32(value) - plane), out=plane)
            share[...] = 0
