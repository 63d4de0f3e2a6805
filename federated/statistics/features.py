"""What is counted about a site's scans, and in which bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Feature:
    """One figure.

    Attributes:
        name: in files.
        title: in reports, with its unit.
        low: lower end of the histogram; what lies below is counted in the first bin.
        high: upper end; what lies above is counted in the last bin.
        bins: how many.
    """

    name: str
    title: str
    low: float
    high: float
    bins: int

    @property
    def edges(self) -> tuple[float, ...]:
        """Edges of the bins, ``bins + 1`` of them."""
        return tuple(float(edge) for edge in np.linspace(self.low, self.high, self.bins + 1))


FEATURES = (
    Feature("hu", "Hounsfield units", -1024.0, 576.0, 50),
    Feature("pixel_spacing_mm", "Pixel spacing (mm)", 0.4, 1.4, 10),
    Feature("slice_spacing_mm", "Slice spacing (mm)", 0.0, 6.0, 12),
    Feature("slice_thickness_mm", "Slice thickness (mm)", 0.0, 6.0, 12),
    Feature("nodules_per_scan", "Nodules per scan", -0.5, 9.5, 10),
    Feature("nodule_diameter_mm", "Nodule diameter (mm)", 0.0, 40.0, 16),
)
"""All of them. Ranges are fixed beforehand, so that no site has to tell its smallest or largest value."""

FEATURE = {feature.name: feature for feature in FEATURES}

LEAST_PATIENTS = 5
"""Fewer patients than this are never told: neither a figure of so few, nor a bin of a histogram. No job can lower it."""
