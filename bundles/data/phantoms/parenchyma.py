"""The tissue of the lungs between the vessels: air and blood by gravity, lobules, emphysema, dependent atelectasis, fissures."""

from __future__ import annotations

import numpy as np

from nodulescope.bundles.contracts import RIGHT_LUNG
from nodulescope.bundles.data.phantoms.body_frame import BodyFrame
from nodulescope.bundles.data.phantoms.grid import Field
from nodulescope.bundles.data.phantoms.lung_fields import LungFields
from nodulescope.bundles.data.phantoms.noise import smooth_noise

GRAVITY_HU_PER_MM = 0.28
"""Lung grows denser from front to back in a patient who lies on the back: about 50 HU over a chest's depth at full inspiration."""

FISSURE_MM = 0.22
FISSURE_HU = -60.0
"""Thickness of an interlobar fissure (two layers of pleura) and its HU: far thinner than a voxel, it shows as a faint line."""


def lung_hu(frame: BodyFrame, lungs: LungFields, rng: np.random.Generator) -> Field:
    """HU of aerated lung on the coarse grid."""
    p = frame.patient
    grid = frame.grid
    hu = np.float32(p.parenchyma_hu) + frame.y * np.float32(GRAVITY_HU_PER_MM)
    hu += smooth_noise(rng, grid, 22.0) * np.float32(9.0)
    hu += smooth_noise(rng, grid, 9.0) * np.float32(9.0)
    hu += smooth_noise(rng, grid, 4.5) * np.float32(15.0)
    if p.emphysema > 0:
        height = np.clip(frame.z / np.float32(p.lung_height_mm), 0, 1)
        field = smooth_noise(rng, grid, 7.0) * np.float32(0.75) + smooth_noise(rng, grid, 18.0) * np.float32(0.65)
        holes = np.clip((field - (np.float32(2.3) - np.float32(1.3 * p.emphysema) * height)) * np.float32(2.5), 0, 1)
        hu += holes * (np.float32(-965.0) - hu)
    depth = -lungs.both
    dependent = np.clip((frame.y - np.float32(0.45 * p.half_depth_mm)) / 30, 0, 1)
    patchy = np.clip(smooth_noise(rng, grid, 14.0) * np.float32(0.6) + np.float32(2.2 * p.atelectasis - 0.75), 0, 1.4)
    hu += np.float32(170.0) * dependent * patchy * np.exp(-np.maximum(depth, 0) / np.float32(4.0 + 5.0 * p.atelectasis))
    lowest = np.exp(-np.maximum(depth, 0) / np.float32(1.5)) * 25
    return np.asarray(hu + lowest, dtype=np.float32)


def fissure_sheets(lungs: LungFields) -> tuple[tuple[Field, Field], tuple[Field, Field]]:
    """The oblique fissure (both lungs) and the horizontal one (right lung, in front): distance to the sheet, and where it ends (negative
    inside).
    """
    return (lungs.oblique, lungs.both), (lungs.horizontal, np.maximum(lungs.lung[RIGHT_LUNG], lungs.oblique))


def scars(frame: BodyFrame, lungs: LungFields, rng: np.random.Generator) -> list[tuple[Field, float]]:
    """Unlabelled distractors: a few flat, streaky scars and pleural thickenings, as signed distances with their HU. None is round."""
    out: list[tuple[Field, float]] = []
    inside = lungs.both
    spots = np.argwhere((inside < -2) & (inside > -16))
    if not len(spots):
        return out
    for _ in range(int(rng.integers(0, 4))):
        k, j, i = spots[int(rng.integers(len(spots)))]
        centre = np.array(frame.grid.origin_mm) + np.array(frame.grid.spacing_mm) * (i, j, k)
        axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        radii = (rng.uniform(8, 20), rng.uniform(2.0, 6.0), rng.uniform(0.5, 0.9))
        x, y, z = frame.grid.axes()
        offsets = [
            (x - np.float32(centre[0])) * np.float32(a[0])
            + (y - np.float32(centre[1])) * np.float32(a[1])
            + (z - np.float32(centre[2])) * np.float32(a[2])
            for a in axes
        ]
        norm = np.sqrt(sum((o / np.float32(r)) ** 2 for o, r in zip(offsets, radii, strict=True)))
        sheet = (norm - 1) * np.float32(radii[2])
        out.append((np.maximum(sheet, inside), float(rng.uniform(-350, -50))))
    return out
