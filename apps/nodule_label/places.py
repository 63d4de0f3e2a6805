"""Where a client asks a model to look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nodulescope.apps.nodule_label.marked_nodules import MarkedNodule, marked_nodules
from nodulescope.apps.nodule_label.submitted_labels import Kind, SubmittedLabel
from nodulescope.bundles.contracts import Candidate, CTVolume
from nodulescope.bundles.coordinates import index_to_world, world_to_index
from nodulescope.bundles.errors import InputError

CLICKED_MM = 10.0
"""Diameter that a click stands for before its outline is known: a nodule of the usual size."""

Point = tuple[float, float, float]


def clicked_places(ct: CTVolume, request: Mapping[str, Any]) -> tuple[Candidate, ...]:
    """The places that a person pointed at.

    Args:
        ct: gives the grid.
        request: ``points_lps_mm`` (patient coordinates), or ``foreground`` (voxel indices i, j, k, which is what 3D Slicer and OHIF send).

    Returns:
        One candidate per point, in their order; none where the request has no points.

    Raises:
        InputError: a point is no point, or lies outside of the image.
    """
    lps = [_point(value, "points_lps_mm") for value in _listed(request, "points_lps_mm")]
    voxels = [_point(value, "foreground") for value in _listed(request, "foreground")]
    points = [*lps, *(_triple(index_to_world(ct.affine_lps, voxel)) for voxel in voxels)]
    for point in points:
        index = world_to_index(ct.affine_lps, point)
        if (index < -0.5).any() or (index > np.asarray(ct.shape) - 0.5).any():
            place = ", ".join(f"{value:.1f}" for value in point)
            raise InputError(f"the point ({place} in LPS mm) lies outside of the image; voxel indices are i, j, k from 0")
    return tuple(Candidate(point, CLICKED_MM, 1.0) for point in points)


def labelled_places(study: str, file: Path, kind: Kind) -> tuple[tuple[MarkedNodule, Candidate], ...]:
    """The nodules that a label marks, each as a candidate of its size."""
    marked = marked_nodules(SubmittedLabel(study, kind, "", file))
    return tuple((nodule, Candidate(nodule.center_lps_mm, max(nodule.diameter_mm, 1.0), 1.0)) for nodule in marked)


def _listed(request: Mapping[str, Any], key: str) -> Sequence[Any]:
    values = request.get(key) or ()
    if not isinstance(values, (list, tuple)):
        raise InputError(f"{key} must be a list of points, not {values!r:.40}")
    # One point alone is as good as a list with one point.
    return [values] if len(values) == 3 and all(isinstance(value, (int, float)) for value in values) else values


def _point(value: Any, key: str) -> Point:
    try:
        x, y, z = (float(number) for number in value)
    except (TypeError, ValueError):
        raise InputError(f"{key}: a point is three numbers, not {value!r:.40}") from None
    if not all(math.isfinite(number) for number in (x, y, z)):
        raise InputError(f"{key}: a point is three finite numbers, not {value!r:.40}")
    return x, y, z


def _triple(values: Any) -> Point:
    x, y, z = (float(value) for value in values)
    return x, y, z
