"""What the grading network says of one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Grade:
    """Ratings of one nodule.

    Attributes:
        probability: probability that this is a nodule, 0 to 1.
        malignancy: malignancy on the LIDC scale, 1 (highly unlikely) to 5 (highly suspicious): the expected mean of radiologists' ratings.
        malignancy_probability: probability that radiologists rate it above 3.
        attributes: the other LIDC ratings by name (``subtlety``, ``sphericity``, ``margin``, ``lobulation``, ``spiculation``, ``texture``:
            1 to 5; ``calcification``: probability 0 to 1 that it is calcified).
    """

    probability: float
    malignancy: float
    malignancy_probability: float
    attributes: Mapping[str, float]
