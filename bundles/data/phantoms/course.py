"""What becomes of a nodule between two scans."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nodulescope.bundles.data.phantoms.nodule_spec import SMALLEST_MM, NoduleSpec, draw_nodule
from nodulescope.bundles.errors import UsageError

FEWEST, MOST = 3, 8
"""Nodules that a drawn patient has in the two scans together."""

FATES = {"stable": 0.40, "growing": 0.25, "shrinking": 0.10, "new": 0.13, "resolved": 0.12}
"""Chance of each course of a drawn nodule."""

STABLE_VOLUME, GROWN_VOLUME, SHRUNK_VOLUME = (0.92, 1.08), (1.4, 4.0), (0.3, 0.65)
"""Ranges of the later volume relative to the earlier one, by course."""


@dataclass(frozen=True)
class NoduleCourse:
    """One nodule at two times.

    Attributes:
        spec: kind, shape and place; its diameter is the one at the scans where it is seen first.
        earlier_mm: mean diameter in the earlier scan, None for a new nodule.
        later_mm: mean diameter in the later scan, None for a resolved one.

    Raises:
        UsageError: it is in neither scan.
    """

    spec: NoduleSpec
    earlier_mm: float | None
    later_mm: float | None

    def __post_init__(self) -> None:
        if self.earlier_mm is None and self.later_mm is None:
            raise UsageError("a phantom nodule must be in the earlier or in the later scan; give it a diameter in one of them")

    @property
    def earlier(self) -> NoduleSpec | None:
        """The nodule in the earlier scan."""
        return None if self.earlier_mm is None else replace(self.spec, diameter_mm=self.earlier_mm)

    @property
    def later(self) -> NoduleSpec | None:
        """The nodule in the later scan."""
        return None if self.later_mm is None else replace(self.spec, diameter_mm=self.later_mm)

    @property
    def largest(self) -> NoduleSpec:
        """The nodule at its larger size, which needs the most room."""
        return replace(self.spec, diameter_mm=max(self.earlier_mm or 0.0, self.later_mm or 0.0))


def draw_courses(rng: np.random.Generator) -> tuple[NoduleCourse, ...]:
    """Draw the nodules of one patient and what becomes of them."""
    return tuple(_draw_course(rng) for _ in range(int(rng.integers(FEWEST, MOST + 1))))


def _draw_course(rng: np.random.Generator) -> NoduleCourse:
    spec = draw_nodule(rng, mass=False)
    fate = list(FATES)[int(rng.choice(len(FATES), p=list(FATES.values())))]
    if fate in ("new", "resolved"):
        return NoduleCourse(spec, *((None, spec.diameter_mm) if fate == "new" else (spec.diameter_mm, None)))
    volume = float(rng.uniform(*{"stable": STABLE_VOLUME, "growing": GROWN_VOLUME, "shrinking": SHRUNK_VOLUME}[fate]))
    later = max(spec.diameter_mm * volume ** (1 / 3), SMALLEST_MM)
    return NoduleCourse(spec, spec.diameter_mm, round(later, 3))
