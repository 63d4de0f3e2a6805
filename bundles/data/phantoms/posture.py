"""How one patient lies and breathes in a later scan, and the motion that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nodulescope.bundles.data.phantoms.grid import Field, Grid, sample
from nodulescope.bundles.data.phantoms.noise import smooth_noise
from nodulescope.bundles.data.phantoms.patient import Patient
from nodulescope.bundles.data.phantoms.streams import Stream, generator
from nodulescope.bundles.errors import UsageError

UNEVEN_SCALE_MM = 55.0
"""Distance over which the uneven part of the motion varies: about the size of a lobe."""

FALL_OFF = 1.5
"""Power with which the motion of the diaphragm fades towards the apex: the bases of the lungs move most, the apices hardly."""

INVERSION_STEPS = 25
"""Steps of the fixed-point iteration; the motion changes by less than a third of a millimetre per millimetre, so that this is exact."""


@dataclass(frozen=True)
class Posture:
    """Position and breath in a later scan, relative to the earlier one. The default is no change.

    Attributes:
        rotation_deg: turns about the patient's left, back and head axes, through the middle of the chest.
        shift_mm: shift on the table, LPS.
        diaphragm_mm: how much higher the diaphragm stands, so a positive one is a shallower breath.
        chest_mm: how far the front of the chest wall has sunk.
        uneven_mm: standard deviation of a smooth random displacement on top, for lungs do not breathe evenly.

    Raises:
        UsageError: a value is out of its range.
    """

    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    diaphragm_mm: float = 0.0
    chest_mm: float = 0.0
    uneven_mm: float = 0.0

    def __post_init__(self) -> None:
        # Beyond these the motion would fold the body.
        ranges = {"diaphragm_mm": (-40.0, 40.0), "chest_mm": (-15.0, 15.0), "uneven_mm": (0.0, 4.0)}
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"a posture's {name} must lie between {low:g} and {high:g}, not {getattr(self, name)}")
        if not all(abs(angle) <= 30.0 for angle in self.rotation_deg):
            raise UsageError(f"a posture's rotations must lie between -30 and 30 degrees, not {self.rotation_deg}")


def draw_posture(rng: np.random.Generator) -> Posture:
    """Draw how a patient comes back: some degrees and centimetres elsewhere, the diaphragm up to 3 cm higher or lower."""
    shift = rng.normal(0.0, (10.0, 10.0, 25.0))
    turns = np.clip(rng.normal(0.0, 2.5, 3), -6.0, 6.0)
    return Posture(
        rotation_deg=(float(turns[0]), float(turns[1]), float(turns[2])),
        shift_mm=(float(shift[0]), float(shift[1]), float(shift[2])),
        diaphragm_mm=float(np.clip(rng.normal(0.0, 14.0), -30.0, 30.0)),
        chest_mm=float(np.clip(rng.normal(0.0, 4.0), -10.0, 10.0)),
        uneven_mm=float(rng.uniform(0.5, 2.0)),
    )


class Motion:
    """The motion of a patient's points from the earlier to the later scan: smooth, invertible, LPS mm on both sides.

    Args:
        posture: what changed.
        patient: whose chest it is.
        grid: a grid that holds the earlier body; the uneven part is drawn on it.
        seed: the phantom's seed.
    """

    def __init__(self, posture: Posture, patient: Patient, grid: Grid, seed: int) -> None:
        self.posture, self._patient, self._grid = posture, patient, grid
        self._pivot = np.array([0.0, 0.0, patient.lung_height_mm / 2])
        self._turn = _rotation(posture.rotation_deg)
        rng = generator(seed, Stream.POSTURE)
        amplitude = np.float32(posture.uneven_mm)
        self._uneven: list[Field] = [smooth_noise(rng, grid, UNEVEN_SCALE_MM) * amplitude for _ in range(3)] if amplitude else []

    def to_earlier(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Where points of the later scan, shape (..., 3), lay in the earlier one."""
        breathed = (np.asarray(points_mm, dtype=np.float64) - self.posture.shift_mm - self._pivot) @ self._turn + self._pivot
        return np.asarray(breathed - self._breath(breathed))

    def to_later(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Where points of the earlier scan, shape (..., 3), lie in the later one."""
        earlier = np.asarray(points_mm, dtype=np.float64)
        breathed = earlier
        for _ in range(INVERSION_STEPS):
            breathed = earlier + self._breath(breathed)
        return np.asarray((breathed - self._pivot) @ self._turn.T + self._pivot + self.posture.shift_mm)

    def _breath(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacement by breathing at points that have breathed already, before the body is turned and shifted."""
        height = np.clip(points[..., 2] / self._patient.lung_height_mm, 0.0, 1.0)
        front = np.clip(-points[..., 1] / self._patient.half_depth_mm, 0.0, 1.3)
        moved = np.zeros(points.shape)
        moved[..., 1] = self.posture.chest_mm * front * 4 * height * (1 - height)
        moved[..., 2] = self.posture.diaphragm_mm * (1 - height) ** FALL_OFF
        for axis, field in enumerate(self._uneven):
            moved[..., axis] += sample(field, self._grid, points)
        return moved


def _rotation(degrees: tuple[float, float, float]) -> NDArray[np.float64]:
    """The matrix that turns about x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)
