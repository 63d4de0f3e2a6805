"""Painting solids onto the working grid with soft, partial-volume edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.data.phantoms.grid import Field, Grid, refine

SLAB = 12
"""Coarse slices painted at once: keeps the working set in the processor's cache."""


class Canvas:
    """The HU of a scan while it is composed.

    Args:
        grid: the working grid.

    Attributes:
        grid: the working grid.
        coarse: every n-th voxel of it, on which smooth shapes are computed.
        factors: those n along (z, y, x).
        hu: float32 HU, (z, y, x).
        edge_mm: width over which an edge goes from 0 to 1: the mean voxel size.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.coarse, self.factors = grid.coarse()
        self.hu: Field = np.full(grid.shape, -1000.0, dtype=np.float32)
        self.edge_mm = float(np.mean(grid.spacing_mm))

    def paint(
        self, distance: Field, value: float, texture: Field | None = None, edge_mm: float | None = None, strength: float = 1.0
    ) -> None:
        """Cover what lies inside a surface.

        Args:
            distance: signed distance in mm on the coarse grid, negative inside.
            value: HU inside.
            texture: HU added to it, on the coarse grid.
            edge_mm: width of the soft edge; the voxel size when None.
            strength: 0 transparent to 1 opaque.
        """
        edge = max(edge_mm or self.edge_mm, self.edge_mm)
        for coarse_box, fine_box in self.blocks(distance, edge):
            block = self.hu[fine_box]
            cover = self.cover(distance[coarse_box], edge, block.shape)
            if strength != 1.0:
                cover *= np.float32(strength)
            goal: Field | np.float32 = np.float32(value)
            if texture is not None:
                goal = goal + self.fine(texture[coarse_box], block.shape)
            block += cover * (goal - block)

    def paint_sheet(self, distance: Field, within: Field, thickness_mm: float, value: float) -> None:
        """Cover a thin sheet, such as a fissure. Where it is thinner than a voxel it fills that share of it.

        Args:
            distance: signed distance in mm to the middle of the sheet, on the coarse grid; it changes its sign there.
            within: signed distance to the solid that the sheet is confined to.
            thickness_mm: thickness of the sheet.
            value: HU of the sheet.
        """
        edge = self.edge_mm
        half = max(thickness_mm - edge, 0.0) / 2
        ramp, strength = np.float32(1 / edge), np.float32(min(thickness_mm / edge, 1.0))
        for coarse_box, fine_box in self.blocks(
            np.maximum(np.abs(distance) - np.float32(half), within), edge + 2.0 * max(self.coarse.spacing_mm)
        ):
            block = self.hu[fine_box]
            away = np.abs(self.fine(distance[coarse_box], block.shape)) - np.float32(half)
            # Falls to 0 over one voxel, so that the sheet's integral is its thickness.
            cover = np.clip(1 - away * ramp, 0, 1) * strength
            cover *= self.cover(within[coarse_box], edge, block.shape)
            block += cover * (np.float32(value) - block)

    def cover(self, distance: Field, edge_mm: float, shape: tuple[int, ...]) -> Field:
        """Share of each fine voxel that lies inside, from a block of coarse signed distances."""
        # Where both grids are one, fine() gives the distances themselves: never change them.
        fine = self.fine(distance, shape) * np.float32(-1 / edge_mm)
        fine += np.float32(0.5)
        return np.clip(fine, 0, 1, out=fine)

    def fine(self, block: Field, shape: tuple[int, ...]) -> Field:
        """Interpolate a coarse block and cut it to a fine block's shape."""
        return refine(block, self.factors)[: shape[0], : shape[1], : shape[2]]

    def blocks(self, distance: Field, margin_mm: float) -> list[tuple[tuple[slice, slice, slice], tuple[slice, slice, slice]]]:
        """Pairs of coarse and fine boxes that together hold every voxel within ``margin_mm`` of the inside, slab by slab."""
        near = distance < margin_mm
        spans = []
        for axis in range(3):
            hits = np.flatnonzero(near.any(axis=tuple(a for a in range(3) if a != axis)))
            if not len(hits):
                return []
            spans.append((max(int(hits[0]) - 1, 0), min(int(hits[-1]) + 1, distance.shape[axis] - 1)))
        out = []
        for first in range(spans[0][0], max(spans[0][1], spans[0][0] + 1), SLAB):
            last = min(first + SLAB, spans[0][1])
            pairs = [(first, last), spans[1], spans[2]]
            coarse_box = tuple(slice(a, b + 1) for a, b in pairs)
            fine: list[slice] = []
            for axis, (a, b) in enumerate(pairs):
                factor, number = self.factors[axis], self.grid.shape[axis]
                # A slab owns its first slice and not its last one, which the next slab owns; only the very last slab owns both.
                whole = axis != 0 or last == spans[0][1]
                fine.append(slice(a * factor, min(b * factor + int(whole), number)))
            out.append(((coarse_box[0], coarse_box[1], coarse_box[2]), (fine[0], fine[1], fine[2])))
        return out

    def label(self, distance: Field) -> NDArray[np.bool_]:
        """Voxels of the working grid whose centres lie inside."""
        out = np.zeros(self.grid.shape, dtype=bool)
        for coarse_box, fine_box in self.blocks(distance, 0.0):
            out[fine_box] = self.fine(distance[coarse_box], out[fine_box].shape) < 0
        return out
