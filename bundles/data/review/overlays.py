"""Outlines, lungs and boxes as SVG on a plane; lengths are mm from the middle of the picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from skimage.measure import approximate_polygon, find_contours

from nodulescope.bundles.coordinates import index_to_world, world_to_index
from nodulescope.bundles.data.annotation_check.marked_voxels import MarkedVoxels
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.data.review.plane import Plane

_TOLERANCE_MM = 0.2
"""How far a path may stray from the contour: less than one pixel of a picture."""

_FEWEST_CORNERS = 3


class Rectangle(NamedTuple):
    """A box where a plane cuts it: left upper corner and edges."""

    x: float
    y: float
    width: float
    height: float


def outline_path(marked: MarkedVoxels, plane: Plane) -> str:
    """SVG path data of where a plane cuts an outline; empty where it does not, or where the grid is turned against the patient."""
    return _path(Volume(marked.inside, marked.affine_lps), plane)


def lungs_path(lungs: Volume, plane: Plane) -> str:
    """SVG path data of the borders of the lungs within a picture."""
    half = plane.field_mm / 2.0 + 2.0  # a little more, so that no path runs along the picture's edge
    corners = world_to_index(lungs.affine_lps, np.asarray(plane.center_lps_mm) + half * np.array([[-1.0] * 3, [1.0] * 3]))
    start = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, lungs.shape)
    stop = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, lungs.shape)
    if (stop <= start).any():
        return ""
    affine = lungs.affine_lps.copy()
    affine[:3, 3] += affine[:3, :3] @ start
    near = lungs.values[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] != 0
    return _path(Volume(near, affine), plane)


def box_on(box: Iterable[float], plane: Plane) -> Rectangle | None:
    """Where a plane cuts a box (centre and edges, LPS mm); None where it misses it or the box has no extent."""
    x, y, z, *edges = box
    center = np.array([x, y, z])
    aside = abs(center[plane.normal] - plane.center_lps_mm[plane.normal])
    if min(edges) <= 0 or aside > edges[plane.normal] / 2.0:
        return None
    middle = plane.on_picture(center)
    width, height = edges[plane.view.right[0]], edges[plane.view.down[0]]
    return Rectangle(*(round(float(v), 2) for v in (middle[0] - width / 2.0, middle[1] - height / 2.0, width, height)))


def _path(mask: Volume, plane: Plane) -> str:
    if not mask.is_axis_parallel():
        return ""
    axis = int(np.argmax(np.abs(mask.affine_lps[plane.normal, :3])))
    depth = round(float(world_to_index(mask.affine_lps, plane.center_lps_mm)[axis]))
    if not 0 <= depth < mask.shape[axis]:
        return ""
    section = mask.values.take(depth, axis).astype(np.float32)
    parts = []
    for contour in find_contours(np.pad(section, 1), 0.5):
        points = plane.on_picture(index_to_world(mask.affine_lps, np.insert(contour - 1.0, axis, depth, axis=1)))
        corners: NDArray[Any] = approximate_polygon(points, _TOLERANCE_MM)[:-1]
        if len(corners) >= _FEWEST_CORNERS:
            parts.append("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in corners) + "Z")
    return "".join(parts)
