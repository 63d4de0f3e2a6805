"""Analytic nodules whose measures are known, as a network would draw them: soft edges, centres off the grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from nodulescope.bundles.contracts import CTSource, CTVolume, Outline

MakeOutline = Callable[..., Outline]
MakeNoduleCT = Callable[..., CTVolume]


def points_of(shape: Sequence[int], affine: np.ndarray) -> np.ndarray:
    """LPS mm of every voxel, shape (*shape, 3)."""
    return np.moveaxis(np.indices(shape, dtype=np.float64), 0, -1) @ affine[:3, :3].T + affine[:3, 3]


def signed_distance(points: np.ndarray, center: Sequence[float], diameters: Sequence[float], turn: float) -> np.ndarray:
    """Distance to an ellipsoid's surface in mm (first order), positive inside; turned about the vertical axis by radians."""
    x, y, z = np.moveaxis(points - np.asarray(center), -1, 0)
    across = np.stack([np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x, z], axis=-1)
    half = np.asarray(diameters) / 2
    level = np.linalg.norm(across / half, axis=-1)
    slope = np.linalg.norm(across / half**2, axis=-1)
    return np.where(level < 1e-6, half.min(), level * (1 - level) / np.maximum(slope, 1e-9))


@pytest.fixture(scope="session")
def make_outline() -> MakeOutline:
    """``make_outline(diameters, center=, spacing=, softness_mm=, turn=)``: an ellipsoid in a cube of 64 voxels around (10, -20, 30)."""

    def make(
        diameters: Sequence[float],
        center: Sequence[float] = (10.0, -20.0, 30.0),
        spacing: Sequence[float] = (1.0, 1.0, 1.0),
        softness_mm: float = 0.7,
        turn: float = 0.0,
    ) -> Outline:
        affine = np.diag([*spacing, 1.0])
        affine[:3, 3] = np.array([10.0, -20.0, 30.0]) - 31.5 * np.asarray(spacing)
        distance = signed_distance(points_of((64, 64, 64), affine), center, diameters, turn)
        probability = 1 / (1 + np.exp(-np.clip(distance / softness_mm, -40, 40)))
        return Outline(probability.astype(np.float32), affine)

    return make


@pytest.fixture(scope="session")
def make_nodule_ct() -> MakeNoduleCT:
    """``make_nodule_ct(layers)``: lung of -850 HU with concentric balls ``(diameter, hu)`` at (10, -20, 30), blurred like a CT."""

    def make(layers: Sequence[tuple[float, float]], blur_mm: float = 0.6, spacing: Sequence[float] = (0.7, 0.7, 1.0)) -> CTVolume:
        affine = np.diag([*spacing, 1.0])
        affine[:3, 3] = np.array([10.3, -20.2, 30.4]) - 30 * np.asarray(spacing)
        radius = np.linalg.norm(points_of((60, 60, 60), affine) - np.array([10.0, -20.0, 30.0]), axis=-1)
        hu = np.full(radius.shape, -850.0)
        for diameter, value in layers:
            hu += (value - hu) / (1 + np.exp(-np.clip((diameter / 2 - radius) / (blur_mm / 2), -40, 40)))
        return CTVolume(hu.astype(np.float32), affine, CTSource("phantom"))

    return make
