"""The patient's own coordinates: rotated with the body and gently deformed, so that no outline is a perfect ellipse."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nodulescope.bundles.data.phantoms.grid import Field, Grid, sample
from nodulescope.bundles.data.phantoms.noise import smooth_noise
from nodulescope.bundles.data.phantoms.patient import Patient

DEFORMATION_MM = 2.2
"""Standard deviation of the smooth random displacement of anatomy."""

DEFORMATION_SCALE_MM = 55.0
"""Distance over which that displacement varies."""

ANGLE_BINS = 2048
HEIGHT_STEP_MM = 2.0


class BodyFrame:
    """Body coordinates of every voxel of a coarse grid: x to the left, y to the back, z to the head; z = 0 at the dome of the right
    diaphragm, x = y = 0 in the middle of the thorax. All in mm.

    Args:
        grid: the coarse grid (LPS).
        patient: gives the rotation and the scale of landmarks.
        rng: draws the deformation.

    Attributes:
        x, y, z: body coordinates, (z, y, x) arrays.
        radius: distance from the body's long axis.
        angle: angle around it, 0 at the spine, pi at the sternum, positive on the left.
    """

    def __init__(self, grid: Grid, patient: Patient, rng: np.random.Generator) -> None:
        self.grid = grid
        self.patient = patient
        turn = np.deg2rad(patient.rotation_deg)
        self._rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
        x, y, z = grid.axes()
        cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        self._shift = [smooth_noise(rng, grid, DEFORMATION_SCALE_MM) * np.float32(DEFORMATION_MM) for _ in range(3)]
        self.x: Field = (cos * x + sin * y) + self._shift[0]
        self.y: Field = (cos * y - sin * x) + self._shift[1]
        self.z: Field = z + self._shift[2]
        self.radius: Field = np.sqrt(self.x**2 + self.y**2)
        self.angle: Field = np.arctan2(self.x, self.y)

    def to_world(self, points: ArrayLike, reference: bool = True) -> NDArray[np.float64]:
        """LPS positions of body points.

        Args:
            points: shape (..., 3).
            reference: the points are landmarks in reference millimetres, to be scaled to this patient.
        """
        body = np.asarray(points, dtype=np.float64)
        if reference:
            body = body * self.patient.scale
        world = body @ self._rotation.T
        shift = np.stack([sample(s, self.grid, world) for s in self._shift], axis=-1)
        return np.asarray((body - shift) @ self._rotation.T)

    def around(self, outline: NDArray[np.float64], first_height_mm: float) -> Field:
        """Signed distance to a surface that is given as a radius around the long axis.

        Args:
            outline: radius in mm for each height and angle, shape (heights, ``ANGLE_BINS``); heights every ``HEIGHT_STEP_MM``.
            first_height_mm: body z of the first row.
        """
        height = np.clip((self.z - np.float32(first_height_mm)) / np.float32(HEIGHT_STEP_MM), 0, len(outline) - 1.001)
        row = height.astype(np.int32)
        height -= row
        column = ((self.angle + np.float32(np.pi)) * np.float32(ANGLE_BINS / (2 * np.pi))).astype(np.int32) % ANGLE_BINS
        slope = np.gradient(outline, 2 * np.pi / ANGLE_BINS, axis=1) / outline
        tilt = np.gradient(outline, HEIGHT_STEP_MM, axis=0)
        cosine = (1 / np.sqrt(1 + slope**2 + tilt**2)).astype(np.float32).ravel()
        flat = row * ANGLE_BINS + column
        table = outline.astype(np.float32).ravel()
        low = table[flat]
        low += height * (table[flat + ANGLE_BINS] - low)
        return np.asarray((self.radius - low) * cosine[flat], dtype=np.float32)


def table_axes(low_mm: float, high_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Heights (n, 1) and angles (1, ``ANGLE_BINS``) of an outline table for :meth:`BodyFrame.around`."""
    heights = np.arange(low_mm, high_mm + HEIGHT_STEP_MM, HEIGHT_STEP_MM, dtype=np.float64)[:, None]
    angles = (np.arange(ANGLE_BINS)[None, :] + 0.5) * (2 * np.pi / ANGLE_BINS) - np.pi
    return heights, np.asarray(angles, dtype=np.float64)


def superellipse(
    angles: NDArray[np.float64], half_width: NDArray[np.float64], front: NDArray[np.float64], back: NDArray[np.float64], power: float
) -> NDArray[np.float64]:
    """Radius of a superellipse with different depths in front and behind; angles count from the back."""
    depth = np.where(np.abs(angles) < np.pi / 2, back, front)
    across = np.abs(np.sin(angles)) / half_width
    along = np.abs(np.cos(angles)) / depth
    return np.asarray((across**power + along**power) ** (-1 / power))
