"""What lies below the diaphragm: liver, spleen, stomach with its bubble of air."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodulescope.bundles.data.phantoms.body_frame import BodyFrame
from nodulescope.bundles.data.phantoms.grid import Field
from nodulescope.bundles.data.phantoms.solids import ellipsoid, smooth_max
from nodulescope.bundles.data.phantoms.thorax import Thorax

DIAPHRAGM_MM = 3.0
"""Thickness of the muscle of the diaphragm (2 to 4 mm in adults)."""


@dataclass(frozen=True)
class Abdomen:
    """Signed distances on the coarse grid, negative inside.

    Attributes:
        cavity: everything below the diaphragm and inside the wall.
        liver, spleen, stomach, kidney: organs.
        gas: air in the stomach.
    """

    cavity: Field
    liver: Field
    spleen: Field
    stomach: Field
    kidney: Field
    gas: Field


def make_abdomen(frame: BodyFrame, thorax: Thorax, roof: Field, rng: np.random.Generator) -> Abdomen:
    """Compute the upper abdomen of one patient; the stream draws how full the stomach is."""
    scale = np.asarray(frame.patient.scale)
    cavity = smooth_max(thorax.cage, -roof, 4.0)
    within = smooth_max(thorax.cage + 3, np.float32(DIAPHRAGM_MM) - roof, 9.0)
    mid = (
        frame.x / np.float32(scale[0])
        - 48
        + np.float32(0.55) * (frame.y / np.float32(scale[1]) + 30)
        + np.maximum(-frame.z - 40, 0) * np.float32(0.5)
    )
    liver = smooth_max(within, mid * np.float32(0.85), 12.0)
    spleen = smooth_max(within, ellipsoid(frame.x, frame.y, frame.z, np.array([86, 46, -48]) * scale, (38, 46, 48)), 6.0)
    full = float(rng.uniform(0.8, 1.15))
    stomach = smooth_max(within, ellipsoid(frame.x, frame.y, frame.z, np.array([62, -16, -50]) * scale, np.array([46, 50, 48]) * full), 6.0)
    stomach = smooth_max(stomach, -liver + 2, 6.0)
    spleen = smooth_max(spleen, -stomach + 3, 6.0)
    level = float(rng.uniform(-52, -25)) * scale[1]
    gas = np.maximum(stomach + np.float32(3.5), frame.y - np.float32(level))
    kidney = ellipsoid(np.abs(frame.x), frame.y, frame.z, np.array([58, 52, -128]) * scale, (28, 24, 52))
    return Abdomen(cavity, np.maximum(liver, 2 - kidney), spleen, stomach, np.maximum(kidney, within), gas)
