"""Square picture planes in patient coordinates: where each pixel lies, and where a point falls on the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

AXES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}
"""LPS directions of a picture's right and lower edge. Radiological convention: the patient's left is on the right of axial and coronal
pictures; sagittal pictures are seen from the patient's left, front on the left."""


@dataclass(frozen=True)
class Plane:
    """A square cut through the patient.

    Attributes:
        name: ``axial``, ``coronal`` or ``sagittal``.
        center_lps_mm: the middle of the picture, LPS mm.
        field_mm: edge length in mm.
        pixels: edge length in pixels.
    """

    name: str
    center_lps_mm: tuple[float, float, float]
    field_mm: float
    pixels: int

    @property
    def pixel_mm(self) -> float:
        """Edge of one pixel in mm."""
        return self.field_mm / self.pixels

    @property
    def right(self) -> NDArray[np.float64]:
        """LPS unit vector towards the picture's right edge."""
        return np.asarray(AXES[self.name][0])

    @property
    def down(self) -> NDArray[np.float64]:
        """LPS unit vector towards the picture's lower edge."""
        return np.asarray(AXES[self.name][1])

    @property
    def first_pixel_lps_mm(self) -> NDArray[np.float64]:
        """Centre of the upper left pixel, LPS mm."""
        return np.asarray(np.asarray(self.center_lps_mm) - (self.field_mm - self.pixel_mm) / 2 * (self.right + self.down))

    def position(self, lps_mm: ArrayLike) -> NDArray[np.float64]:
        """Where points fall on the picture when they are projected onto it.

        Args:
            lps_mm: LPS mm, shape (..., 3).

        Returns:
            (x, y), shape (..., 2), in pixels from the upper left *corner*, so that the middle of the first pixel is at 0.5, as SVG counts.
        """
        offset = np.asarray(lps_mm, dtype=np.float64) - np.asarray(self.center_lps_mm)
        xy = np.stack([offset @ self.right, offset @ self.down], axis=-1)
        return np.asarray((xy / self.field_mm + 0.5) * self.pixels)
