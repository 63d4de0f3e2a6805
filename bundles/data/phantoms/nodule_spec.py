"""What a phantom nodule should be like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from nodulescope.bundles.errors import UsageError

Kind = Literal["solid", "part-solid", "ground-glass", "calcified"]
Place = Literal["isolated", "vessel", "pleura"]

SMALLEST_MM = 3.0
"""Smaller ones are micronodules and are not made (LIDC outlines nodules from 3 mm on)."""

LARGEST_MM = 60.0


@dataclass(frozen=True)
class NoduleSpec:
    """A nodule to be made.

    Attributes:
        kind: ``"solid"``, ``"part-solid"``, ``"ground-glass"`` or ``"calcified"``.
        diameter_mm: mean of long and short axis, 3 to 60 mm; more than 30 makes a mass.
        sphericity: 0 flat or long to 1 round.
        lobulation: 0 none to 1 marked.
        spiculation: 0 none to 1 marked.
        place: ``"isolated"`` in the lung, on a ``"vessel"``, or broadly on the ``"pleura"``.

    Raises:
        UsageError: a value is out of its range.
    """

    kind: Kind = "solid"
    diameter_mm: float = 8.0
    sphericity: float = 0.8
    lobulation: float = 0.2
    spiculation: float = 0.0
    place: Place = "isolated"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise UsageError(f"a phantom nodule's kind is one of {', '.join(get_args(Kind))}, not {self.kind}")
        if self.place not in get_args(Place):
            raise UsageError(f"a phantom nodule's place is one of {', '.join(get_args(Place))}, not {self.place}")
        if not SMALLEST_MM <= self.diameter_mm <= LARGEST_MM:
            raise UsageError(f"a phantom nodule's diameter must lie between {SMALLEST_MM:g} and {LARGEST_MM:g} mm, not {self.diameter_mm}")
        for name in ("sphericity", "lobulation", "spiculation"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise UsageError(f"a phantom nodule's {name} must lie between 0 and 1, not {getattr(self, name)}")


COUNT_CHANCE = (0.10, 0.22, 0.20, 0.16, 0.12, 0.08, 0.06, 0.04, 0.02)
"""Chance of 0, 1, ... 8 nodules. Most LUNA16 scans with nodules hold one or two; nodule-free scans are needed to count false alarms."""

MASS_CHANCE = 0.06
"""Chance that a scan's first nodule is a mass (LIDC-IDRI: a few of a hundred patients)."""


def draw_nodules(rng: np.random.Generator) -> tuple[NoduleSpec, ...]:
    """Draw the nodules of one scan: sizes skewed to small (median about 6.5 mm as in LUNA16), spiculation more frequent in large ones."""
    number = int(rng.choice(len(COUNT_CHANCE), p=COUNT_CHANCE))
    return tuple(draw_nodule(rng, mass=i == 0 and rng.random() < MASS_CHANCE) for i in range(number))


def draw_nodule(rng: np.random.Generator, mass: bool) -> NoduleSpec:
    """Draw one nodule, or one mass."""
    kinds: tuple[Kind, ...] = ("solid", "part-solid", "ground-glass", "calcified")
    places: tuple[Place, ...] = ("isolated", "vessel", "pleura")
    diameter = float(rng.uniform(31.0, 55.0)) if mass else float(np.clip(np.exp(rng.normal(np.log(6.6), 0.52)), SMALLEST_MM, 29.0))
    kind = kinds[int(rng.choice(4, p=[0.90, 0.10, 0.0, 0.0] if mass else [0.66, 0.11, 0.13, 0.10]))]
    if kind in ("part-solid", "ground-glass"):
        diameter = max(diameter, float(rng.uniform(5.0, 9.0)))
    large = float(np.clip((diameter - 6.0) / 20.0, 0, 1))
    rough = 0.25 if kind == "calcified" else 1.0
    spiculated = rng.random() < (0.10 + 0.50 * large) * rough
    lobulated = rng.random() < (0.25 + 0.40 * large) * rough
    return NoduleSpec(
        kind=kind,
        diameter_mm=round(diameter, 2),
        sphericity=round(float(rng.beta(4.0, 1.8)), 2),
        lobulation=round(float(rng.uniform(0.3, 1.0) if lobulated else rng.uniform(0.0, 0.25)), 2),
        spiculation=round(float(rng.uniform(0.3, 1.0) if spiculated else rng.uniform(0.0, 0.12)), 2),
        place=places[int(rng.choice(3, p=[0.55, 0.20, 0.25]))],
    )
