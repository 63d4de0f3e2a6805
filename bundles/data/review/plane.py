"""The three planes through a place, and where points fall on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class View(NamedTuple):
    """How a plane is looked at: LPS axis and sign of the picture's right and lower edge, and what lies at its left, right, top, bottom."""

    right: tuple[int, float]
    down: tuple[int, float]
    edges: tuple[str, str, str, str]


VIEWS = {
    "axial": View((0, 1.0), (1, 1.0), ("R", "L", "A", "P")),
    "coronal": View((0, 1.0), (2, -1.0), ("R", "L", "H", "F")),
    "sagittal": View((1, 1.0), (2, -1.0), ("A", "P", "H", "F")),
}
"""As radiologists look at a patient: from the feet, from the front, from the left side."""


@dataclass(frozen=True)
class Plane:
    """A square cut through the patient.

    Attributes:
        name: a key of :data:`VIEWS`.
        center_lps_mm: the middle of the picture.
        field_mm: its edge.
    """

    name: str
    center_lps_mm: tuple[float, float, float]
    field_mm: float

    @property
    def view(self) -> View:
        """How it is looked at."""
        return VIEWS[self.name]

    @property
    def normal(self) -> int:
        """The LPS axis that the plane stands on."""
        return 3 - self.view.right[0] - self.view.down[0]

    def on_picture(self, lps_mm: ArrayLike) -> NDArray[np.float64]:
        """Where points fall when they are projected onto the plane.

        Args:
            lps_mm: LPS mm, shape (..., 3).

        Returns:
            Shape (..., 2): mm to the right of and below the middle of the picture.
        """
        offset = np.asarray(lps_mm, dtype=np.float64) - np.asarray(self.center_lps_mm)
        (right, right_sign), (down, down_sign) = self.view.right, self.view.down
        return np.stack([offset[..., right] * right_sign, offset[..., down] * down_sign], axis=-1)

    def steps(self, step_mm: float) -> NDArray[np.float64]:
        """LPS vectors of one step down and one to the right, shape (3, 2)."""
        vectors = np.zeros((3, 2))
        vectors[self.view.down[0], 0] = self.view.down[1] * step_mm
        vectors[self.view.right[0], 1] = self.view.right[1] * step_mm
        return vectors
