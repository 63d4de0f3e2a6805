"""A small synthetic chest: two lungs in soft tissue, a round nodule in each, on a 2 mm grid: real networks answer in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from nodulescope.bundles.contracts import CTSource, CTVolume

SHAPE, SPACING_MM = (96, 72, 72), 2.0


@dataclass(frozen=True)
class SmallChest:
    """The CT with its truth: 1 the right lung, 2 the left; nodules 1 (right) and 2 (left)."""

    ct: CTVolume
    lungs: NDArray[np.uint8]
    nodules: NDArray[np.uint8]
    centers_lps_mm: tuple[tuple[float, float, float], ...]
    diameters_mm: tuple[float, ...]


def small_chest(seed: int) -> SmallChest:
    rng = np.random.default_rng(seed)
    affine = np.diag([SPACING_MM] * 3 + [1.0])
    affine[:3, 3] = -SPACING_MM * (np.array(SHAPE) - 1) / 2
    points = np.moveaxis(np.indices(SHAPE), 0, -1) * SPACING_MM + affine[:3, 3]
    x, y, z = np.moveaxis(points, -1, 0)
    lungs = np.zeros(SHAPE, np.uint8)
    lungs[((x + 40) / 33) ** 2 + (y / 45) ** 2 + (z / 62) ** 2 < 1] = 1
    lungs[((x - 40) / 31) ** 2 + (y / 45) ** 2 + (z / 62) ** 2 < 1] = 2
    hu = np.where((x / 92) ** 2 + (y / 66) ** 2 < 1, 40.0, -1000.0)
    hu[lungs > 0] = -850.0
    nodules = np.zeros(SHAPE, np.uint8)
    centers, diameters = [], []
    for number, side in enumerate((-40.0, 40.0), 1):
        center = np.array([side, 0.0, 0.0]) + rng.uniform(-14, 14, 3)
        radius = float(rng.uniform(4, 7))
        distance = np.linalg.norm(points - center, axis=-1)
        hu += (40.0 - hu) * np.clip((radius - distance) / 2 + 0.5, 0, 1)
        nodules[distance < radius] = number
        centers.append((float(center[0]), float(center[1]), float(center[2])))
        diameters.append(2 * radius)
    hu = np.rint(gaussian_filter(hu, 0.4) + rng.normal(0, 15, SHAPE)).astype(np.float32)
    return SmallChest(CTVolume(hu, affine, CTSource("phantom")), lungs, nodules, tuple(centers), tuple(diameters))
