"""The axial slices around one nodule, as one sheet of tiles."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import CTVolume
from nodulescope.operators.examination import Nodule
from nodulescope.operators.report.outlines import outline_path
from nodulescope.operators.report.pictures import cut, sheet_columns, to_levels
from nodulescope.operators.report.planes import Plane

FIELD_MM = 64.0
"""Edge of the pictures: twice the largest nodule by definition (30 mm), with room to see what it touches."""

TILE_PIXELS = 192
_FIELD_PER_LONG_AXIS = 1.6
_MIN_STEP_MM = 0.8
_REACH_BEYOND_MM = 12.0
_MIN_REACH_MM = 20.0
_FEWEST_EACH_WAY = 10
_MOST_EACH_WAY = 20

_LEVEL_TOLERANCE = 1e-4
"""Slices count as axial when a step across one of them climbs less than this part of their spacing."""


@dataclass(frozen=True)
class SliceGrid:
    """Which axial planes are shown.

    Attributes:
        z_mm: height of each plane, LPS mm, ascending towards the head.
        image_index: for each plane the index k of the CT's slice that it coincides with, or None where the slices are not axial.
        start: which of them is nearest to the nodule's centre.
    """

    z_mm: tuple[float, ...]
    image_index: tuple[int | None, ...]
    start: int


@dataclass(frozen=True)
class Stack:
    """Slices ready to be shown.

    Attributes:
        grid: where they lie.
        tiles: stored grey levels, shape (count, pixels, pixels), the slice nearest to the feet first.
        outlines: SVG path data per slice, in tile pixels; empty where the outline is not met.
    """

    grid: SliceGrid
    tiles: NDArray[np.uint8] = field(repr=False)
    outlines: tuple[str, ...]

    @property
    def columns(self) -> int:
        """Tiles per row of the sheet that they are laid out on."""
        return sheet_columns(len(self.tiles))

    @property
    def pixels(self) -> int:
        """Edge of a tile."""
        return int(self.tiles.shape[-1])


def field_of_view_mm(nodule: Nodule) -> float:
    """Edge of a nodule's pictures in mm: the same for all, unless a mass needs more."""
    return max(FIELD_MM, _FIELD_PER_LONG_AXIS * nodule.measurements.long_axis_mm)


def slice_grid(ct: CTVolume, nodule: Nodule) -> SliceGrid:
    """Choose the planes: the CT's own slices where they are axial, thinned out when they are much finer than a millimetre.

    Args:
        ct: the CT.
        nodule: the nodule in the middle.

    Returns:
        21 to 41 planes, fewer only where the scan ends.
    """
    center_z = nodule.measurements.center_lps_mm[2]
    climb = ct.affine_lps[2, :3]  # how much z changes along each index axis
    axis = int(np.argmax(np.abs(climb)))
    spacing = abs(float(climb[axis]))
    reach = max(_MIN_REACH_MM, nodule.measurements.long_axis_mm / 2 + _REACH_BEYOND_MM)
    every = max(1, math.ceil(_MIN_STEP_MM / spacing), math.ceil(reach / (_MOST_EACH_WAY * spacing)))
    each_way = min(max(math.ceil(reach / (every * spacing)), _FEWEST_EACH_WAY), _MOST_EACH_WAY)
    steps = range(-each_way, each_way + 1)
    if not np.allclose(np.delete(climb, axis), 0, atol=_LEVEL_TOLERANCE * spacing):  # tilted: no slice of the CT is axial
        return SliceGrid(tuple(center_z + n * every * spacing for n in steps), (None,) * len(steps), each_way)
    size = ct.shape[axis]
    middle = min(max(round((center_z - float(ct.affine_lps[2, 3])) / float(climb[axis])), 0), size - 1)
    upwards = 1 if climb[axis] > 0 else -1
    shown = [i for n in steps if 0 <= (i := middle + n * every * upwards) < size]
    heights = tuple(float(ct.affine_lps[2, 3] + i * climb[axis]) for i in shown)
    return SliceGrid(heights, tuple(i if axis == 2 else None for i in shown), shown.index(middle))


def nodule_stack(ct: CTVolume, nodule: Nodule) -> Stack:
    """Cut the slices around a nodule and draw its outline on each.

    Args:
        ct: the CT.
        nodule: the nodule in the middle.

    Returns:
        The tiles with their outlines.
    """
    grid = slice_grid(ct, nodule)
    x, y, _ = nodule.measurements.center_lps_mm
    planes = [Plane("axial", (x, y, z), field_of_view_mm(nodule), TILE_PIXELS) for z in grid.z_mm]
    step = grid.z_mm[1] - grid.z_mm[0] if len(grid.z_mm) > 1 else 0.0
    tiles = to_levels(cut(ct, planes[0], step, len(planes)))
    outlines = tuple(outline_path(nodule.outline, plane) for plane in planes)
    return Stack(grid, tiles, outlines)
