"""A place where a nodule may be."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """What a detector says of one place.

    Attributes:
        center_lps_mm: centre in patient coordinates, LPS mm.
        diameter_mm: mean edge of the detector's box in mm.
        score: the detector's score, 0 to 1.
        magnification: voxel size in mm, relative to the detector's own, at which it was seen (1, 1.5, 2).
    """

    center_lps_mm: tuple[float, float, float]
    diameter_mm: float
    score: float
    magnification: float = 1.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in (*self.center_lps_mm, self.diameter_mm, self.score)):
            raise ValueError("a candidate's centre, diameter and score must be finite")
        if self.diameter_mm <= 0:
            raise ValueError(f"a candidate's diameter must be positive, not {self.diameter_mm}")
