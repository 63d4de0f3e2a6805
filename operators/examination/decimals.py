"""How many decimals the numbers of ``findings.json`` have."""

from __future__ import annotations

LENGTH_DECIMALS = 1
"""Diameters in mm: Lung-RADS v2022 asks for 0.1 mm."""

COORDINATE_DECIMALS = 2
PROBABILITY_DECIMALS = 4
RATING_DECIMALS = 2
"""Ratings on the LIDC scale of 1 to 5."""

SPACING_DECIMALS = 4
HU_DECIMALS = 1
SECONDS_DECIMALS = 3
