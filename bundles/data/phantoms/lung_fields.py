"""Where the lungs are, and the fissures between their lobes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
from nodulescope.bundles.data.phantoms.body_frame import BodyFrame
from nodulescope.bundles.data.phantoms.grid import Field
from nodulescope.bundles.data.phantoms.mediastinum import Mediastinum
from nodulescope.bundles.data.phantoms.solids import smooth_max
from nodulescope.bundles.data.phantoms.thorax import Thorax

_APEX_X, _APEX_Y = 46.0, 22.0
_APEX_CURVE_X, _APEX_CURVE_Y = 30.0, 46.0
"""Landmark of the apex and its radii of curvature, reference mm."""


@dataclass(frozen=True)
class LungFields:
    """Signed distances on the coarse grid.

    Attributes:
        lung: by label (1 right, 2 left), negative inside that lung.
        oblique: negative above and in front of the oblique fissure.
        horizontal: negative above the horizontal fissure (right lung).
    """

    lung: dict[int, Field]
    oblique: Field
    horizontal: Field

    @property
    def both(self) -> Field:
        """Negative inside either lung."""
        return np.minimum(self.lung[RIGHT_LUNG], self.lung[LEFT_LUNG])


def make_lungs(frame: BodyFrame, thorax: Thorax, mediastinum: Mediastinum, roof: Field, rng: np.random.Generator) -> LungFields:
    """Compute both lungs of one patient.

    Args:
        frame: body coordinates.
        thorax: the chest wall.
        mediastinum: what lies between the lungs.
        roof: signed distance of the diaphragm, negative in the chest.
        rng: draws the course of the fissures.
    """
    p = frame.patient
    sx, sy, sz = p.scale
    inside = smooth_max(thorax.cage, roof, 7.0)
    inside = smooth_max(inside, -mediastinum.envelope, 6.0)
    lungs: dict[int, Field] = {}
    for label, sign in ((RIGHT_LUNG, -1.0), (LEFT_LUNG, 1.0)):
        side = np.float32(sign)
        dx, dy = side * frame.x - np.float32(_APEX_X * sx), frame.y - np.float32(_APEX_Y * sy)
        drop = (dx * dx / np.float32(_APEX_CURVE_X) + dy * dy / np.float32(_APEX_CURVE_Y)) / 2
        slope2 = (dx / np.float32(_APEX_CURVE_X)) ** 2 + (dy / np.float32(_APEX_CURVE_Y)) ** 2
        apex = (frame.z - np.float32(p.lung_height_mm - (2.0 if sign > 0 else 6.0)) + drop) / np.sqrt(1 + slope2)
        half = np.float32(1.0) - side * frame.x
        lungs[label] = smooth_max(smooth_max(inside, apex, 8.0), half, 4.0)
    # The oblique fissure runs from the fourth thoracic vertebra to the front of the diaphragm; the horizontal one starts from it.
    tilt = np.float32(rng.uniform(-6, 6))
    rise = np.float32(1.05 * rng.uniform(0.92, 1.08))
    oblique = (frame.y * rise + np.float32(52 * sz + tilt) - frame.z + np.float32(0.0015) * (np.abs(frame.x) - 70) ** 2) / np.float32(1.45)
    horizontal = (
        np.float32((103 + rng.uniform(-8, 8)) * sz) - frame.z - np.float32(0.22) * (frame.y + 30) - np.float32(0.0022) * (frame.x + 70) ** 2
    )
    return LungFields(lungs, np.asarray(oblique, dtype=np.float32), np.asarray(horizontal, dtype=np.float32))
