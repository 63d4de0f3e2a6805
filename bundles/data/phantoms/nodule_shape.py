"""The outline of a nodule: a distance from its centre for every direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from nodulescope.bundles.data.phantoms.branching import Branches
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec

POLAR_BINS = 181
AZIMUTH_BINS = 361

LOBE_DEPTH = 0.30
"""Depth of the furrows between lobes relative to the radius at full lobulation."""

ROUGHNESS = 0.09
"""Depth of the small unevenness that every nodule has, relative to the radius."""

SPICULE_HEIGHT = 0.75
"""Longest spicule relative to the radius at full spiculation."""


@dataclass(frozen=True)
class NoduleShape:
    """A star-shaped solid.

    Attributes:
        table: distance from the centre to the surface in units of the radius, by polar angle (0 to pi) and azimuth (-pi to pi),
            shape (``POLAR_BINS``, ``AZIMUTH_BINS``).
    """

    table: NDArray[np.float32]

    @property
    def reach(self) -> float:
        """Largest distance from the centre, in units of the radius."""
        return float(self.table.max())

    def distance(self, offsets: NDArray[np.float32], radius_mm: float) -> NDArray[np.float32]:
        """Signed distance in mm along the ray from the centre, negative inside: its sign is exact.

        Args:
            offsets: positions relative to the centre, LPS mm, shape (..., 3).
            radius_mm: the radius that the table is relative to.
        """
        x, y, z = offsets[..., 0], offsets[..., 1], offsets[..., 2]
        rho = np.sqrt(x * x + y * y + z * z)
        polar = np.arccos(np.clip(z / np.maximum(rho, 1e-6), -1, 1)) * np.float32((POLAR_BINS - 1) / np.pi)
        azimuth = (np.arctan2(y, x) + np.float32(np.pi)) * np.float32((AZIMUTH_BINS - 1) / (2 * np.pi))
        surface = map_coordinates(self.table, np.stack([polar, azimuth]), order=1, mode="nearest", output=np.float32)
        return np.asarray(rho - surface * np.float32(radius_mm), dtype=np.float32)


def make_shape(spec: NoduleSpec, rng: np.random.Generator) -> NoduleShape:
    """Draw a shape that is as round, lobulated and spiculated as the specification says."""
    polar = np.linspace(0, np.pi, POLAR_BINS)[:, None]
    azimuth = np.linspace(-np.pi, np.pi, AZIMUTH_BINS)[None, :]
    directions = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar) + 0 * azimuth], axis=-1)
    basis = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    flat = 1 - spec.sphericity
    axes = np.array([1.0, 1.0 - 0.35 * flat * rng.uniform(0.6, 1.0), 1.0 - 0.55 * flat])
    radius = 1 / np.sqrt((((directions @ basis) / axes) ** 2).sum(axis=-1))
    gentle = _bumps(directions, _spread(rng, 6), rng.uniform(0.0, 1.0, 6), 0.7)
    radius = radius * (1 + 0.12 * (gentle - gentle.mean()))
    knots = _bumps(directions, _spread(rng, 24), rng.uniform(-1.0, 1.0, 24), 0.28)
    radius = radius * (1 + ROUGHNESS * knots)
    if spec.lobulation > 0:
        number = int(rng.integers(6, 11))
        lobes = _bumps(directions, _spread(rng, number), rng.uniform(0.7, 1.0, number), 0.55, sharpest=True)
        radius = radius * (1 + LOBE_DEPTH * spec.lobulation * (lobes - lobes.mean()))
    if spec.spiculation > 0:
        number = round(8 + 36 * spec.spiculation)
        heights = SPICULE_HEIGHT * spec.spiculation * rng.uniform(0.2, 1.0, number) ** 1.5
        radius = radius + _bumps(directions, _spread(rng, number), heights, 0.085, sharpest=True)
    return NoduleShape(radius.astype(np.float32))


def strands(shape: NoduleShape, spec: NoduleSpec, centre_mm: NDArray[np.float64], radius_mm: float, rng: np.random.Generator) -> Branches:
    """Hair-thin strands that run from a spiculated nodule into the lung: drawn, but too thin to count for its volume."""
    number = round(14 * spec.spiculation) if spec.spiculation > 0.2 else 0
    if number == 0:
        return Branches.joined([])
    directions = _spread(rng, number)
    polar = np.rint(np.arccos(np.clip(directions[:, 2], -1, 1)) * (POLAR_BINS - 1) / np.pi).astype(int)
    azimuth = np.rint((np.arctan2(directions[:, 1], directions[:, 0]) + np.pi) * (AZIMUTH_BINS - 1) / (2 * np.pi)).astype(int)
    surface = shape.table[polar, azimuth] * radius_mm
    length = np.clip(radius_mm * rng.uniform(0.3, 0.9, number), 2.0, 12.0)
    start = centre_mm + directions * (surface * 0.9)[:, None]
    knee = start + (directions + rng.normal(0, 0.15, (number, 3))) * (0.5 * length)[:, None]
    end = knee + (directions + rng.normal(0, 0.3, (number, 3))) * (0.5 * length)[:, None]
    thick, thin = rng.uniform(0.4, 0.65, number), np.full(number, 0.2)
    ends = np.ones(2 * number, dtype=np.int64)
    middle = (thick + thin) / 2
    return Branches(
        np.concatenate([start, knee]), np.concatenate([knee, end]), np.concatenate([thick, middle]), np.concatenate([middle, thin]), ends
    )


def _spread(rng: np.random.Generator, number: int) -> NDArray[np.float64]:
    """Directions that keep away from each other: the best of a few draws, one after the other. Shape (number, 3)."""
    chosen: list[NDArray[np.float64]] = []
    for _ in range(number):
        draws = rng.normal(size=(12, 3))
        draws /= np.linalg.norm(draws, axis=1, keepdims=True)
        nearest = np.max([draws @ c for c in chosen], axis=0) if chosen else np.zeros(12)
        chosen.append(draws[int(np.argmin(nearest))])
    return np.array(chosen)


def _bumps(
    directions: NDArray[np.float64], centres: NDArray[np.float64], heights: NDArray[np.float64], width_rad: float, sharpest: bool = False
) -> NDArray[np.float64]:
    """Bell-shaped bumps of a width on the sphere: their sum, or the highest one everywhere."""
    out = np.zeros(directions.shape[:-1])
    for centre, height in zip(centres, heights, strict=True):
        bump = height * np.exp((directions @ centre - 1) / width_rad**2)
        out = np.maximum(out, bump) if sharpest else out + bump
    return out
