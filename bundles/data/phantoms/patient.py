"""Whom the phantom shows: size, shape and state of one chest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodulescope.bundles.errors import UsageError

REFERENCE_HALF_WIDTH_MM = 130.0
"""Half of the widest inner width of the thorax for which the anatomical landmarks are written (measured on LIDC-IDRI-0002)."""

REFERENCE_HALF_DEPTH_MM = 93.0
"""Half of the inner depth of the thorax for which the landmarks are written (LIDC-IDRI-0002)."""

REFERENCE_LUNG_HEIGHT_MM = 220.0
"""Height from the dome of the right diaphragm to the apex for which the landmarks are written (LIDC-IDRI-0002)."""


@dataclass(frozen=True)
class Patient:
    """Shape of one chest. Arms are above the head and not shown. Lengths in mm.

    Attributes:
        female: a female body shape (breasts, more subcutaneous fat); nothing else depends on it.
        half_width_mm: half of the widest inner width of the thorax.
        half_depth_mm: half of its inner depth.
        lung_height_mm: from the dome of the right diaphragm to the apex: the larger, the deeper the breath was held.
        fat_mm: typical thickness of the subcutaneous fat.
        muscle_mm: typical thickness of the muscles of the chest wall.
        rotation_deg: rotation of the body around its long axis.
        heart_scale: size of the heart relative to a normal one.
        contrast_hu: HU that contrast medium adds to the aorta; 0 without contrast medium.
        parenchyma_hu: mean HU of aerated lung without vessels.
        emphysema: 0 none to 1 severe.
        atelectasis: dependent atelectasis, 0 none to 1 marked.
        vessels_per_litre: ends of arteries per litre of lung; there are as many veins.

    Raises:
        UsageError: a value is out of its range.
    """

    female: bool = False
    half_width_mm: float = 130.0
    half_depth_mm: float = 95.0
    lung_height_mm: float = 215.0
    fat_mm: float = 14.0
    muscle_mm: float = 14.0
    rotation_deg: float = 0.0
    heart_scale: float = 1.0
    contrast_hu: float = 0.0
    parenchyma_hu: float = -876.0
    emphysema: float = 0.0
    atelectasis: float = 0.3
    vessels_per_litre: float = 1500.0

    def __post_init__(self) -> None:
        ranges = {
            "half_width_mm": (100.0, 160.0),
            "half_depth_mm": (70.0, 120.0),
            "lung_height_mm": (150.0, 270.0),
            "fat_mm": (3.0, 50.0),
            "muscle_mm": (5.0, 30.0),
            "rotation_deg": (-20.0, 20.0),
            "heart_scale": (0.7, 1.3),
            "contrast_hu": (0.0, 500.0),
            "parenchyma_hu": (-930.0, -700.0),
            "emphysema": (0.0, 1.0),
            "atelectasis": (0.0, 1.0),
            "vessels_per_litre": (0.0, 4000.0),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"a phantom's {name} must lie between {low:g} and {high:g}, not {getattr(self, name)}")

    @property
    def scale(self) -> tuple[float, float, float]:
        """Factors from reference millimetres to this patient's, along left, back and head."""
        return (
            self.half_width_mm / REFERENCE_HALF_WIDTH_MM,
            self.half_depth_mm / REFERENCE_HALF_DEPTH_MM,
            self.lung_height_mm / REFERENCE_LUNG_HEIGHT_MM,
        )


def draw_patient(rng: np.random.Generator) -> Patient:
    """Draw an adult: women smaller and with more subcutaneous fat, one in three with contrast medium, one in four with emphysema."""
    female = bool(rng.random() < 0.45)
    size = 0.94 if female else 1.03
    return Patient(
        female=female,
        half_width_mm=round(float(np.clip(rng.normal(128.0 * size, 6.0), 108, 150)), 1),
        half_depth_mm=round(float(np.clip(rng.normal(95.0 * size, 6.0), 80, 114)), 1),
        lung_height_mm=round(float(np.clip(rng.normal(208.0 * size, 14.0), 172, 248)), 1),
        fat_mm=round(float(np.clip(rng.gamma(5.0, 3.0 if female else 2.4), 5, 34)), 1),
        muscle_mm=round(float(rng.uniform(9, 14) if female else rng.uniform(11, 19)), 1),
        rotation_deg=round(float(np.clip(rng.normal(0.0, 2.5), -7, 7)), 2),
        heart_scale=round(float(np.clip(rng.normal(1.0, 0.06), 0.85, 1.18)), 3),
        contrast_hu=round(float(rng.uniform(120, 320)), 1) if rng.random() < 0.35 else 0.0,
        parenchyma_hu=round(float(rng.normal(-876.0, 14.0)), 1),
        emphysema=round(float(rng.uniform(0.2, 1.0)), 2) if rng.random() < 0.25 else 0.0,
        atelectasis=round(float(rng.beta(1.3, 2.5)), 2),
        vessels_per_litre=round(float(rng.uniform(1150, 1800)), 1),
    )
