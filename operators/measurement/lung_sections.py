"""Thirds of a lung's height and parts of its axial sections, from the lung labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, LungMask
from nodulescope.bundles.coordinates import index_to_world, spacing_of
from nodulescope.operators.examination.location import Region, Third
from nodulescope.operators.examination.nodule import Side

_SAMPLED_EVERY_MM = 3.0
"""Lung voxels are looked at this far apart: a third of a lung is some 80 mm high."""

_SECTION_MM = 5.0
"""Half the height of the slab whose extent is the lung's section: at least two slices of the thickest series."""


class LungSections:
    """Extents of both lungs.

    Args:
        lung_mask: lung labels with their affine, in any orientation.
    """

    def __init__(self, lung_mask: LungMask) -> None:
        step = [max(1, int(_SAMPLED_EVERY_MM // spacing)) for spacing in spacing_of(lung_mask.affine_lps)]
        sampled = lung_mask.labels[:: step[0], :: step[1], :: step[2]]
        self._points: dict[Side, NDArray[np.float64]] = {}
        for side, label in ((Side.RIGHT, RIGHT_LUNG), (Side.LEFT, LEFT_LUNG)):
            self._points[side] = index_to_world(lung_mask.affine_lps, np.argwhere(sampled == label) * step)
        self._whole = lung_mask.fully_covered

    def third(self, side: Side, point_lps_mm: Sequence[float]) -> Third | None:
        """The third of one lung's height, from its lowest recess to its apex, in which a point lies; None where the scan cuts the lungs
        off or shows nothing of that lung.
        """
        z = self._points[side][:, 2]
        if not self._whole or not z.size:
            return None
        share = _share(point_lps_mm[2], z)
        return Third.LOWER if share < 1 / 3 else Third.UPPER if share > 2 / 3 else Third.MIDDLE

    def region(self, side: Side, point_lps_mm: Sequence[float]) -> Region:
        """The part of one lung's axial section in which a point lies: thirds of its depth and of its width, which together name nine."""
        points = self._points[side]
        if not points.size:
            return Region.CENTRAL
        away = np.abs(points[:, 2] - point_lps_mm[2])
        section = points[away <= max(_SECTION_MM, float(away.min()))]
        back = _share(point_lps_mm[1], section[:, 1])
        left = _share(point_lps_mm[0], section[:, 0])
        outward = left if side is Side.LEFT else 1.0 - left
        depth = "antero" if back < 1 / 3 else "postero" if back > 2 / 3 else ""
        width = "medial" if outward < 1 / 3 else "lateral" if outward > 2 / 3 else ""
        if depth and not width:
            return Region.ANTERIOR if depth == "antero" else Region.POSTERIOR
        return Region(depth + width) if width else Region.CENTRAL


def _share(value: float, along: NDArray[np.float64]) -> float:
    """Where a value lies between the ends of a range: 0 at its lowest, 1 at its highest."""
    low, high = float(along.min()), float(along.max())
    return (value - low) / (high - low) if high > low else 0.5
