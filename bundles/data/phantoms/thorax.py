"""The outlines of the chest: skin, subcutaneous fat, muscle, and the pleural space that holds the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.data.phantoms.body_frame import BodyFrame, superellipse, table_axes
from nodulescope.bundles.data.phantoms.grid import Field

BELOW_MM = 130.0
ABOVE_MM = 60.0
"""How far below the dome of the diaphragm and above the apex the outline tables reach."""


@dataclass(frozen=True)
class Thorax:
    """Signed distances on the coarse grid, negative inside.

    Attributes:
        skin: to the body's surface.
        muscle: to the surface between subcutaneous fat and the chest wall.
        cage: to the inside of the chest wall (parietal pleura).
    """

    skin: Field
    muscle: Field
    cage: Field


def _rise(values: NDArray[np.float64], start: float, stop: float) -> NDArray[np.float64]:
    """Smooth step from 0 at ``start`` to 1 at ``stop``."""
    t = np.clip((values - start) / (stop - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def cage_outline(frame: BodyFrame) -> tuple[NDArray[np.float64], float]:
    """Radius of the pleural space for :meth:`BodyFrame.around`, and its first height.

    The taper towards the apex was read off the coronal and sagittal planes of LIDC-IDRI-0002: the front slopes back from half height on,
    the back stays nearly straight.
    """
    p = frame.patient
    z, angle = table_axes(-BELOW_MM, p.lung_height_mm + ABOVE_MM)
    u = np.clip((z / p.lung_height_mm - 0.2) / 0.8, 0, 1.1)
    low = np.clip(-z / 100.0, 0, 1)
    half_width = p.half_width_mm * (1 - 0.60 * u**2.2 - 0.05 * low)
    front = p.half_depth_mm * (1 - 0.68 * u**1.9 + 0.02 * low)
    back = p.half_depth_mm * (1 - 0.24 * u**2.6 - 0.06 * low)
    return superellipse(angle, half_width, front, back, 2.2), float(z[0, 0])


def make_thorax(frame: BodyFrame) -> Thorax:
    """Compute the outlines of one patient."""
    p = frame.patient
    cage, first = cage_outline(frame)
    z, angle = table_axes(-BELOW_MM, p.lung_height_mm + ABOVE_MM)
    t = z / p.lung_height_mm
    shoulder = _rise(t, 0.42, 0.95)
    side, behind = np.abs(np.sin(angle)), np.maximum(np.cos(angle), 0)
    before = np.maximum(-np.cos(angle), 0)
    fat = p.fat_mm * (0.75 + 0.5 * side**2 * (1 - 0.5 * shoulder) + 0.15 * before**3 * (1 - shoulder)) * (1 - 0.25 * shoulder)
    fat = fat + 11 * shoulder * side**2
    if p.female:
        breast = np.exp(-(((np.abs(angle) - 2.12) / 0.40) ** 2)) * np.exp(-(((t - 0.38) / 0.22) ** 2))
        fat = fat + (9.0 + 0.7 * p.fat_mm) * breast
    upper = np.clip((t - 0.2) / 0.8, 0, 1.1)
    half_width = p.half_width_mm + 10 + p.muscle_mm * (0.55 + 0.6 * shoulder) + 40 * shoulder - 30 * _rise(t, 1.0, 1.25)
    front = p.half_depth_mm * (1 - 0.34 * upper**2) + 11 + 0.3 * p.muscle_mm * (0.6 + shoulder)
    back = p.half_depth_mm * (1 - 0.06 * upper**2) + 14 + 0.95 * p.muscle_mm
    muscle = superellipse(angle, half_width, front, back, 2.25)
    groove = np.exp(-((angle / 0.13) ** 2))
    bulge = np.exp(-(((np.abs(angle) - 0.33) / 0.2) ** 2)) * behind
    muscle = muscle + 5 * bulge - 4 * groove
    muscle = np.maximum(muscle, cage + 10)
    skin = muscle + fat + 2.0 - 2 * groove
    return Thorax(frame.around(skin, first), frame.around(muscle, first), frame.around(cage, first))
