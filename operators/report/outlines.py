"""A nodule's outline as SVG paths on a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import Outline
from nodulescope.bundles.coordinates import index_to_world, world_to_index
from nodulescope.operators.report.planes import Plane
from nodulescope.operators.report.svg_paths import closed_contours, svg_path

INSIDE_PROBABILITY = 0.5
"""The outline runs where tissue is as likely nodule as not."""

_TOLERANCE_PIXELS = 0.25
"""How far a path may stray from the contour: a quarter of a picture's pixel is not visible."""

_NORMAL_AXIS = {"axial": 2, "coronal": 1, "sagittal": 0}


def outline_path(outline: Outline, plane: Plane) -> str:
    """Where a plane cuts the outline.

    Args:
        outline: probability cube, axis-parallel in LPS as the contract says.
        plane: the picture's plane.

    Returns:
        SVG path data in the picture's pixels (origin at its upper left corner), every contour closed; empty where the plane misses the
        nodule.
    """
    axis = _NORMAL_AXIS[plane.name]
    depth = float(world_to_index(outline.affine_lps, plane.center_lps_mm)[axis])
    section = _section(outline.probability, axis, depth)
    if section is None or not (section >= INSIDE_PROBABILITY).any():
        return ""
    polygons = (
        plane.position(index_to_world(outline.affine_lps, np.insert(contour, axis, depth, axis=1)))
        for contour in closed_contours(section, INSIDE_PROBABILITY)
    )
    return svg_path(polygons, _TOLERANCE_PIXELS)


def _section(probability: NDArray[np.float32], axis: int, depth: float) -> NDArray[np.float32] | None:
    """Interpolate one plane of the cube at a fractional index; None outside the cube."""
    if not 0 <= depth <= probability.shape[axis] - 1:
        return None
    lower = int(depth)
    upper = min(lower + 1, probability.shape[axis] - 1)
    weight = np.float32(depth - lower)
    below, above = probability.take(lower, axis), probability.take(upper, axis)
    return np.asarray(below * (1 - weight) + above * weight)
