"""What a perfect outline network would draw of a phantom's nodule, and how far the nodule truly lies from the pleura."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, Outline
from nodulescope.bundles.data.phantoms.nodules import MadeNodule
from nodulescope.bundles.data.phantoms.phantom import PlannedPhantom

MARGIN_VOXELS = 4
"""Voxels around the nodule."""

PARTS = 4
"""Samples along each edge of a voxel."""

_SURFACE_SAMPLES = 72
"""Samples across a nodule whose surface is measured from."""


def true_outline(nodule: MadeNodule, spacing_mm: float = 1.0) -> Outline:
    """The share of each voxel that a nodule's analytic solid fills, as an outline on an axis-parallel cube around its centroid.

    Args:
        nodule: a placed nodule.
        spacing_mm: edge of a voxel.
    """
    centre = np.asarray(nodule.truth.center_lps_mm)
    far = nodule.reach_mm + float(np.linalg.norm(centre - nodule.centre_mm))
    number = 2 * int(np.ceil(far / spacing_mm) + MARGIN_VOXELS)
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    affine[:3, 3] = centre - spacing_mm * (number - 1) / 2
    points = np.moveaxis(np.indices((number,) * 3, dtype=np.float32), 0, -1) * np.float32(spacing_mm) + affine[:3, 3].astype(np.float32)
    offsets = ((np.arange(PARTS, dtype=np.float32) + np.float32(0.5)) / PARTS - np.float32(0.5)) * np.float32(spacing_mm)
    share = np.zeros((number,) * 3, dtype=np.float32)
    for dx in offsets:
        for dy in offsets:
            for dz in offsets:
                share += nodule.inside(points + np.array([dx, dy, dz], dtype=np.float32)) < 0
    return Outline(share / np.float32(PARTS**3), affine)


class TruePleura:
    """The surfaces of a phantom's lungs, before vessels, bronchi and nodules are painted.

    Args:
        plan: the phantom.
    """

    def __init__(self, plan: PlannedPhantom) -> None:
        coarse = plan.canvas.coarse
        self._surfaces: dict[int, cKDTree] = {}
        for label, lung in plan.anatomy.lungs.lung.items():
            corners, faces, _, _ = marching_cubes(lung, 0.0)  # indices (z, y, x)
            triangles = corners[faces]
            edges = [(triangles[:, a] + triangles[:, b]) / 2 for a, b in ((0, 1), (1, 2), (0, 2))]
            dense = np.concatenate([corners, triangles.mean(axis=1), *edges])  # about every millimetre
            self._surfaces[label] = cKDTree(np.asarray(coarse.origin_mm) + dense[:, ::-1] * np.asarray(coarse.spacing_mm))

    def distance_mm(self, nodule: MadeNodule) -> float:
        """Least distance in mm between a nodule's surface and that of its lung; 0 for a nodule that the pleura cuts."""
        if nodule.truth.place == "pleura":
            return 0.0
        distance, _ = self._surfaces[LEFT_LUNG if nodule.truth.side == "left" else RIGHT_LUNG].query(_surface(nodule))
        return float(distance.min())


def _surface(nodule: MadeNodule) -> NDArray[np.float64]:
    """Points on a nodule's surface, LPS mm, shape (n, 3)."""
    step = 2.1 * nodule.reach_mm / (_SURFACE_SAMPLES - 1)
    low = nodule.centre_mm - 1.05 * nodule.reach_mm
    points = np.moveaxis(np.indices((_SURFACE_SAMPLES,) * 3, dtype=np.float32), 0, -1) * np.float32(step) + low.astype(np.float32)
    corners, _, _, _ = marching_cubes(nodule.inside(points), 0.0)
    return np.asarray(corners * step + low)
