"""Four phantom hospitals that differ as hospitals do: in scanner, dose, slice thickness, patients and number of cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from nodulescope.bundles.data.phantoms import Scanner
from nodulescope.bundles.data.phantoms.nodule_spec import Kind, NoduleSpec, draw_nodule


@dataclass(frozen=True)
class Hospital:
    """One of them.

    Attributes:
        name: also the site's name.
        scanner: how its patients are scanned; the voxels are those of training data, 1 mm, the blur of thick slices remains.
        kinds: share of each kind of nodule.
        diameter_mm: median of its nodules.
        training: blocks of lung to train on.
        about: one line for a report.
    """

    name: str
    scanner: Scanner
    kinds: Mapping[Kind, float]
    diameter_mm: float
    training: int
    about: str

    def nodules(self, rng: np.random.Generator, number: int) -> tuple[NoduleSpec, ...]:
        """Draw nodules as this hospital's patients have them."""
        names = tuple(self.kinds)
        shares = np.array([self.kinds[name] for name in names])
        drawn = []
        for _ in range(number):
            spec = draw_nodule(rng, mass=False)
            diameter = float(np.clip(self.diameter_mm * np.exp(rng.normal(0.0, 0.38)), SMALLEST_MM, LARGEST_MM))
            kind = names[int(rng.choice(len(names), p=shares / shares.sum()))]
            drawn.append(replace(spec, kind=kind, diameter_mm=round(diameter, 2), place="isolated"))
        return tuple(drawn)


SMALLEST_MM = 4.0
LARGEST_MM = 24.0
"""So that two nodules fit into one block of lung."""

HOSPITALS = (
    Hospital(
        "university",
        Scanner(slice_thickness_mm=1.0, kernel="standard", noise_hu=14.0),
        {"solid": 0.6, "part-solid": 0.15, "ground-glass": 0.15, "calcified": 0.1},
        10.0,
        36,
        "thin slices, full dose, every kind of nodule",
    ),
    Hospital(
        "county",
        Scanner(slice_thickness_mm=3.0, kernel="soft", noise_hu=10.0),
        {"solid": 0.9, "calcified": 0.1},
        13.0,
        24,
        "thick slices, soft kernel, large solid nodules",
    ),
    Hospital(
        "screening",
        Scanner(slice_thickness_mm=1.25, kernel="sharp", noise_hu=55.0),
        {"solid": 0.55, "ground-glass": 0.45},
        7.5,
        18,
        "low dose, sharp kernel, small nodules, many of ground glass",
    ),
    Hospital(
        "clinic",
        Scanner(slice_thickness_mm=2.0, kernel="standard", noise_hu=30.0),
        {"solid": 0.3, "part-solid": 0.4, "calcified": 0.3},
        11.0,
        12,
        "few cases, part-solid and calcified nodules",
    ),
)
