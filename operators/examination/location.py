"""Where in a lung a nodule lies, in the words of a radiologist."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TOUCHING_MM = 1.0
"""Nearer than this a nodule touches the pleura: neither outline nor lungs are known more finely."""


class Third(StrEnum):
    """Third of a lung's height. It names no lobe: fissures are not known, and they cross the thirds."""

    UPPER = "upper"
    MIDDLE = "middle"
    LOWER = "lower"


class Region(StrEnum):
    """Part of a lung's axial section."""

    ANTERIOR = "anterior"
    POSTERIOR = "posterior"
    LATERAL = "lateral"
    MEDIAL = "medial"
    ANTEROLATERAL = "anterolateral"
    ANTEROMEDIAL = "anteromedial"
    POSTEROLATERAL = "posterolateral"
    POSTEROMEDIAL = "posteromedial"
    CENTRAL = "central"


@dataclass(frozen=True)
class Location:
    """A nodule's place in its lung.

    Attributes:
        region: where on the lung's axial section at the height of the nodule's centre.
        third: third of the lung's height, or None where the scan does not show the lungs from apex to base.
        pleura_distance_mm: least distance between the nodule's surface and the outer surface of its lung, 0 where they touch; None where
            the lung's surface is out of reach.
    """

    region: Region
    third: Third | None
    pleura_distance_mm: float | None

    def __post_init__(self) -> None:
        if self.pleura_distance_mm is not None and self.pleura_distance_mm < 0:
            raise ValueError(f"a distance to the pleura cannot be negative, as {self.pleura_distance_mm} mm is")

    def text(self, side: str) -> str:
        """The place in English: ``right lung, upper third, posterolateral, 4 mm from the pleura``.

        Args:
            side: the patient's side.
        """
        parts = [f"{side} lung", *([] if self.third is None else [f"{self.third} third"]), str(self.region)]
        if self.pleura_distance_mm is not None:
            touches = self.pleura_distance_mm < TOUCHING_MM
            parts.append("touching the pleura" if touches else f"{self.pleura_distance_mm:.0f} mm from the pleura")
        return ", ".join(parts)
