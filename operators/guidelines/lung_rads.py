"""Lung-RADS v2022: categories, the rows of its table, and the rows for one nodule's size.

Source: American College of Radiology, Lung-RADS v2022 (November 2022); Christensen et al., CHEST 2024;165:738. The table gives every
threshold as mean diameter and as volume of the sphere of that diameter (6 mm, 113 mm³); here diameters decide, because growth and solid
parts are measured by them. Rows for airway nodules, cysts, juxtapleural nodules and fat ask for what is not looked at:
:mod:`nodulescope.operators.guidelines.gaps` lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nodulescope.operators.examination.nodule import NoduleType
from nodulescope.operators.guidelines.features import Size


class Category(StrEnum):
    """Categories in the order of suspicion."""

    INCOMPLETE = "0"
    NEGATIVE = "1"
    BENIGN = "2"
    PROBABLY_BENIGN = "3"
    SUSPICIOUS = "4A"
    VERY_SUSPICIOUS = "4B"
    SUSPICIOUS_FEATURES = "4X"

    @property
    def rank(self) -> int:
        """Place in the order of suspicion, 0 to 6."""
        return list(Category).index(self)


class Row(StrEnum):
    """Why a nodule is in its category: rows of the table, and what its notes add."""

    BENIGN_CALCIFICATION = "benign-calcification"
    SOLID_BASELINE_UNDER_6 = "solid-baseline-under-6"
    SOLID_BASELINE_6_TO_8 = "solid-baseline-6-to-8"
    SOLID_BASELINE_8_TO_15 = "solid-baseline-8-to-15"
    SOLID_BASELINE_FROM_15 = "solid-baseline-from-15"
    SOLID_NEW_UNDER_4 = "solid-new-under-4"
    SOLID_NEW_4_TO_6 = "solid-new-4-to-6"
    SOLID_NEW_6_TO_8 = "solid-new-6-to-8"
    SOLID_NEW_FROM_8 = "solid-new-from-8"
    SOLID_GROWING_UNDER_8 = "solid-growing-under-8"
    SOLID_GROWING_FROM_8 = "solid-growing-from-8"
    PART_SOLID_BASELINE_UNDER_6 = "part-solid-baseline-under-6"
    PART_SOLID_BASELINE_SOLID_UNDER_6 = "part-solid-baseline-solid-part-under-6"
    PART_SOLID_BASELINE_SOLID_6_TO_8 = "part-solid-baseline-solid-part-6-to-8"
    PART_SOLID_BASELINE_SOLID_FROM_8 = "part-solid-baseline-solid-part-from-8"
    PART_SOLID_NEW_UNDER_6 = "part-solid-new-under-6"
    PART_SOLID_GROWING_UNDER_6 = "part-solid-growing-under-6"
    PART_SOLID_ACTIVE_SOLID_UNDER_4 = "part-solid-new-or-growing-solid-part-under-4"
    PART_SOLID_ACTIVE_SOLID_FROM_4 = "part-solid-new-or-growing-solid-part-from-4"
    GROUND_GLASS_UNDER_30 = "ground-glass-under-30"
    GROUND_GLASS_FROM_30 = "ground-glass-from-30"
    GROUND_GLASS_FROM_30_STABLE = "ground-glass-from-30-stable"
    MASS = "mass"
    STABLE_3 = "category-3-stable-at-6-months"
    STABLE_4A = "category-4a-stable-at-3-months"
    STAYS = "earlier-category-stays"
    SPICULATED = "spiculated"


CATEGORY_OF_ROW = {
    Row.BENIGN_CALCIFICATION: Category.NEGATIVE,
    Row.SOLID_BASELINE_UNDER_6: Category.BENIGN,
    Row.SOLID_BASELINE_6_TO_8: Category.PROBABLY_BENIGN,
    Row.SOLID_BASELINE_8_TO_15: Category.SUSPICIOUS,
    Row.SOLID_BASELINE_FROM_15: Category.VERY_SUSPICIOUS,
    Row.SOLID_NEW_UNDER_4: Category.BENIGN,
    Row.SOLID_NEW_4_TO_6: Category.PROBABLY_BENIGN,
    Row.SOLID_NEW_6_TO_8: Category.SUSPICIOUS,
    Row.SOLID_NEW_FROM_8: Category.VERY_SUSPICIOUS,
    Row.SOLID_GROWING_UNDER_8: Category.SUSPICIOUS,
    Row.SOLID_GROWING_FROM_8: Category.VERY_SUSPICIOUS,
    Row.PART_SOLID_BASELINE_UNDER_6: Category.BENIGN,
    Row.PART_SOLID_BASELINE_SOLID_UNDER_6: Category.PROBABLY_BENIGN,
    Row.PART_SOLID_BASELINE_SOLID_6_TO_8: Category.SUSPICIOUS,
    Row.PART_SOLID_BASELINE_SOLID_FROM_8: Category.VERY_SUSPICIOUS,
    Row.PART_SOLID_NEW_UNDER_6: Category.PROBABLY_BENIGN,
    Row.PART_SOLID_GROWING_UNDER_6: Category.PROBABLY_BENIGN,
    Row.PART_SOLID_ACTIVE_SOLID_UNDER_4: Category.SUSPICIOUS,
    Row.PART_SOLID_ACTIVE_SOLID_FROM_4: Category.VERY_SUSPICIOUS,
    Row.GROUND_GLASS_UNDER_30: Category.BENIGN,
    Row.GROUND_GLASS_FROM_30: Category.PROBABLY_BENIGN,
    Row.GROUND_GLASS_FROM_30_STABLE: Category.BENIGN,
    Row.MASS: Category.VERY_SUSPICIOUS,
    Row.STABLE_3: Category.BENIGN,
    Row.STABLE_4A: Category.PROBABLY_BENIGN,
    Row.SPICULATED: Category.SUSPICIOUS_FEATURES,
}
"""The category of every row but :attr:`Row.STAYS`, whose category is the earlier one."""


@dataclass(frozen=True)
class Classed:
    """A category, and the row that it comes from."""

    category: Category
    row: Row


def by_row(row: Row) -> Classed:
    """A row with its category."""
    return Classed(CATEGORY_OF_ROW[row], row)


def at_baseline(size: Size) -> Classed | None:
    """Class a nodule seen for the first time, nothing earlier being there to compare with.

    None for a part-solid nodule of 6 mm or more whose solid part was not measured.
    """
    if size.type is NoduleType.SOLID:
        limits = ((6, Row.SOLID_BASELINE_UNDER_6), (8, Row.SOLID_BASELINE_6_TO_8), (15, Row.SOLID_BASELINE_8_TO_15))
        return _first_below(size.mean_mm, limits, Row.SOLID_BASELINE_FROM_15)
    if size.type is NoduleType.GROUND_GLASS:
        return _first_below(size.mean_mm, ((30, Row.GROUND_GLASS_UNDER_30),), Row.GROUND_GLASS_FROM_30)
    if size.mean_mm < 6:
        return by_row(Row.PART_SOLID_BASELINE_UNDER_6)
    if size.solid_mm is None:
        return None
    solid_limits = ((6, Row.PART_SOLID_BASELINE_SOLID_UNDER_6), (8, Row.PART_SOLID_BASELINE_SOLID_6_TO_8))
    return _first_below(size.solid_mm, solid_limits, Row.PART_SOLID_BASELINE_SOLID_FROM_8)


def when_new(size: Size) -> Classed | None:
    """Class a nodule that the prior examination did not show; None as in :func:`at_baseline`.

    A new part-solid nodule under 6 mm is category 3 whatever its solid part, as its row says (and as a new solid one of 4 to 6 mm is).
    """
    if size.type is NoduleType.SOLID:
        limits = ((4, Row.SOLID_NEW_UNDER_4), (6, Row.SOLID_NEW_4_TO_6), (8, Row.SOLID_NEW_6_TO_8))
        return _first_below(size.mean_mm, limits, Row.SOLID_NEW_FROM_8)
    if size.type is NoduleType.GROUND_GLASS:
        return at_baseline(size)
    return by_row(Row.PART_SOLID_NEW_UNDER_6) if size.mean_mm < 6 else with_active_solid_part(size)


def when_growing(size: Size) -> Classed | None:
    """Class a nodule whose mean diameter grew; None as in :func:`at_baseline`.

    The table has no row for a part-solid nodule that grows while its solid part does not: by its size, and under 6 mm no better than a
    new one. Nor has it one for growing ground glass of 30 mm or more: as at first sight (own readings, the more cautious ones).
    """
    if size.type is NoduleType.SOLID:
        return _first_below(size.mean_mm, ((8, Row.SOLID_GROWING_UNDER_8),), Row.SOLID_GROWING_FROM_8)
    if size.type is NoduleType.PART_SOLID and size.mean_mm < 6:
        return by_row(Row.PART_SOLID_GROWING_UNDER_6)
    return at_baseline(size)


def with_active_solid_part(size: Size) -> Classed | None:
    """Class a part-solid nodule whose solid part is new or grew; None where it was not measured."""
    if size.solid_mm is None:
        return None
    return _first_below(size.solid_mm, ((4, Row.PART_SOLID_ACTIVE_SOLID_UNDER_4),), Row.PART_SOLID_ACTIVE_SOLID_FROM_4)


def _first_below(value: float, limits: tuple[tuple[float, Row], ...], otherwise: Row) -> Classed:
    """The row of the first limit that a value lies below."""
    return by_row(next((row for limit, row in limits if value < limit), otherwise))
