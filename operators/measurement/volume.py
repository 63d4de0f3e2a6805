"""A nodule's volume, from the closed surface around it."""

from __future__ import annotations

import numpy as np
from skimage.measure import marching_cubes

from nodulescope.operators.measurement.fine_outline import FineOutline


def volume_mm3(nodule: FineOutline) -> float:
    """Volume inside the nodule's surface in mm³.

    The surface is the zero level of the field as a triangle mesh (marching cubes); the volume is the sum of the signed tetrahedra between
    its triangles and one point (divergence theorem).

    Args:
        nodule: field with its surface closed inside the box.
    """
    vertices, faces, _, _ = marching_cubes(nodule.field, 0.0, spacing=nodule.spacing_mm)
    # Relative to the middle of the mesh, so that large terms do not cancel.
    corners = (vertices - vertices.mean(axis=0))[faces]
    signed = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
    return float(abs(signed.sum()) / 6)
