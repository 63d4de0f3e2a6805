"""Lung-RADS v2022 of a whole examination, and what it recommends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from nodulescope.operators.examination.nodule import Nodule
from nodulescope.operators.examination.recommendation import Guideline, Recommendation
from nodulescope.operators.guidelines.features import size_of, solid_extent_mm
from nodulescope.operators.guidelines.lung_rads import Category, Classed

PET_CT_SOLID_MM = 8.0
"""PET/CT may be considered from this mean diameter of a solid nodule or solid part on (categories 4A and 4B)."""


class Management(StrEnum):
    """What the table's column of management asks for."""

    COMPLETE_THE_SCAN = "complete-the-scan"
    SCREENING_CT = "screening-ct"
    FOLLOW_UP_CT = "follow-up-ct"
    WORK_UP = "work-up"


MANAGEMENT: Mapping[Category, tuple[Management, int | None]] = {
    Category.INCOMPLETE: (Management.COMPLETE_THE_SCAN, None),
    Category.NEGATIVE: (Management.SCREENING_CT, 12),
    Category.BENIGN: (Management.SCREENING_CT, 12),
    Category.PROBABLY_BENIGN: (Management.FOLLOW_UP_CT, 6),
    Category.SUSPICIOUS: (Management.FOLLOW_UP_CT, 3),
    Category.VERY_SUSPICIOUS: (Management.WORK_UP, None),
    Category.SUSPICIOUS_FEATURES: (Management.WORK_UP, None),
}
"""Management and months to the next low-dose CT, by category."""


def examination_category(categories: Sequence[Category | None], fully_covered: bool) -> Category | None:
    """The category of the most suspicious nodule (note 1), 1 without any.

    Lungs that were not scanned completely make it 0, unless a nodule is 4A or higher: what that one asks for cannot wait for the rest (own
    reading; the table does not say which goes first).

    Args:
        categories: of every nodule; None where a nodule could not be classed.
        fully_covered: whether both lungs lie within the scan.

    Returns:
        None where a nodule that could not be classed may be the most suspicious one.
    """
    known = [category for category in categories if category is not None]
    top = max(known, key=lambda category: category.rank, default=Category.NEGATIVE)
    if not fully_covered and top.rank < Category.SUSPICIOUS.rank:
        return Category.INCOMPLETE
    return top if len(known) == len(categories) or top.rank >= Category.VERY_SUSPICIOUS.rank else None


def lung_rads_recommendation(category: Category, nodules: Sequence[Nodule], classed: Mapping[int, Classed]) -> Recommendation:
    """What is to be done in a category.

    Args:
        category: of the examination.
        nodules: of the examination.
        classed: nodule id to category, for those that have one.
    """
    management, months = MANAGEMENT[category]
    named = category.rank >= Category.PROBABLY_BENIGN.rank
    guiding = [nodule for nodule in nodules if named and nodule.id in classed and classed[nodule.id].category is category]
    suspicious = category.rank >= Category.SUSPICIOUS.rank
    return Recommendation(
        Guideline.LUNG_RADS,
        management,
        tuple(nodule.id for nodule in guiding),
        months=None if months is None else (months, months),
        pet_ct=suspicious and any((solid_extent_mm(size_of(nodule)) or 0.0) >= PET_CT_SOLID_MM for nodule in guiding),
        category=str(category),
    )
