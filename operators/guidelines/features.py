"""A nodule as guidelines look at it: sizes as they are reported, calcification, spiculation."""

from __future__ import annotations

from dataclasses import dataclass

from nodulescope.operators.examination.nodule import Nodule, NoduleType

DECIMALS = 1
"""Lung-RADS v2022 measures to 0.1 mm. All guidelines here are given the sizes as ``findings.json`` prints them, so that whoever
recomputes a category from the printed numbers comes to the same one."""

LIKELY_CALCIFIED = 0.5
"""Probability of calcification by the grading network from which on it agrees that a nodule is calcified. Own choice: half."""

UNCLEAR_SPICULATION = 2.5
"""Below this an LIDC spiculation rating (1 none, 2 nearly none, 3 medium, 4 near marked, 5 marked) rounds to none or nearly none."""

MARKED_SPICULATION = 3.5
"""From this on it rounds to near marked or marked. Between the two nobody can say: readers agree least on this rating."""


@dataclass(frozen=True)
class Size:
    """What Lung-RADS and Fleischner ask of a nodule.

    Attributes:
        type: solid, part-solid or ground-glass; calcified ones count as solid.
        mean_mm: mean of long and short axis, to 0.1 mm.
        solid_mm: mean diameter of the solid part, to 0.1 mm; None where there is none or it was not measured.
    """

    type: NoduleType
    mean_mm: float
    solid_mm: float | None = None


def size_of(nodule: Nodule) -> Size:
    """A nodule's size as it is reported."""
    sizes = nodule.measurements
    kind = NoduleType.SOLID if nodule.type is NoduleType.CALCIFIED else nodule.type
    solid = round(float(sizes.solid_diameter_mm), DECIMALS) if kind is NoduleType.PART_SOLID and sizes.solid_diameter_mm else None
    return Size(kind, round(float(sizes.mean_diameter_mm), DECIMALS), solid)


def solid_extent_mm(size: Size) -> float | None:
    """Mean diameter of what is solid in a nodule: all of a solid one, 0 in ground glass, None where it was not measured."""
    if size.type is NoduleType.SOLID:
        return size.mean_mm
    return 0.0 if size.type is NoduleType.GROUND_GLASS else size.solid_mm


def long_axis_mm(nodule: Nodule) -> float:
    """Longest diameter as it is reported; BTS and Brock go by it."""
    return round(float(nodule.measurements.long_axis_mm), DECIMALS)


def is_calcified_throughout(nodule: Nodule) -> bool:
    """True where two independent looks agree that most of a nodule is calcium: the densities of its core, and the grading network.

    Guidelines set aside calcification that is complete, central, popcorn-like or in rings. Which pattern it is was not looked at, so one
    sign alone is not enough, and a mass or a nodule that looks spiculated is never set aside.
    """
    calcified = nodule.type is NoduleType.CALCIFIED and nodule.grade.attributes.get("calcification", 0.0) >= LIKELY_CALCIFIED
    return calcified and not nodule.is_mass and is_spiculated(nodule) is False


def is_spiculated(nodule: Nodule) -> bool | None:
    """Whether a nodule is spiculated by the grading network's rating; None where the rating is in the middle, or absent."""
    rating = nodule.grade.attributes.get("spiculation")
    if rating is None or UNCLEAR_SPICULATION <= rating < MARKED_SPICULATION:
        return None
    return rating >= MARKED_SPICULATION
