"""The extent of one nodule on a small grid of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Outline:
    """How probable it is, voxel by voxel, that tissue belongs to the nodule at the cube's centre.

    Attributes:
        probability: float32 0..1, shape (n, n, n), axes i, j, k along the patient's left, back and head (an axis-parallel LPS cube).
        affine_lps: 4x4 matrix from the cube's voxels to LPS mm.
    """

    probability: NDArray[np.float32]
    affine_lps: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.probability.ndim != 3 or not np.isfinite(self.probability).all():
            raise ValueError("an outline is a finite 3-D probability map")
