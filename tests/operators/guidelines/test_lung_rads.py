"""Every row of the table by size: at baseline, new, growing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodulescope.operators.examination import NoduleType
from nodulescope.operators.guidelines.features import Size
from nodulescope.operators.guidelines.lung_rads import (
    CATEGORY_OF_ROW,
    Category,
    Row,
    at_baseline,
    when_growing,
    when_new,
    with_active_solid_part,
)

SOLID, PART_SOLID, GROUND_GLASS = NoduleType.SOLID, NoduleType.PART_SOLID, NoduleType.GROUND_GLASS


@pytest.mark.parametrize(
    ("kind", "mean_mm", "solid_mm", "category", "row"),
    [
        (SOLID, 3.0, None, "2", Row.SOLID_BASELINE_UNDER_6),
        (SOLID, 5.9, None, "2", Row.SOLID_BASELINE_UNDER_6),
        (SOLID, 6.0, None, "3", Row.SOLID_BASELINE_6_TO_8),
        (SOLID, 7.9, None, "3", Row.SOLID_BASELINE_6_TO_8),
        (SOLID, 8.0, None, "4A", Row.SOLID_BASELINE_8_TO_15),
        (SOLID, 14.9, None, "4A", Row.SOLID_BASELINE_8_TO_15),
        (SOLID, 15.0, None, "4B", Row.SOLID_BASELINE_FROM_15),
        (SOLID, 30.0, None, "4B", Row.SOLID_BASELINE_FROM_15),
        (PART_SOLID, 5.9, 5.5, "2", Row.PART_SOLID_BASELINE_UNDER_6),
        (PART_SOLID, 5.9, None, "2", Row.PART_SOLID_BASELINE_UNDER_6),
        (PART_SOLID, 6.0, 2.0, "3", Row.PART_SOLID_BASELINE_SOLID_UNDER_6),
        (PART_SOLID, 25.0, 5.9, "3", Row.PART_SOLID_BASELINE_SOLID_UNDER_6),
        (PART_SOLID, 9.0, 6.0, "4A", Row.PART_SOLID_BASELINE_SOLID_6_TO_8),
        (PART_SOLID, 9.0, 7.9, "4A", Row.PART_SOLID_BASELINE_SOLID_6_TO_8),
        (PART_SOLID, 9.0, 8.0, "4B", Row.PART_SOLID_BASELINE_SOLID_FROM_8),
        (GROUND_GLASS, 5.0, None, "2", Row.GROUND_GLASS_UNDER_30),
        (GROUND_GLASS, 29.9, None, "2", Row.GROUND_GLASS_UNDER_30),
        (GROUND_GLASS, 30.0, None, "3", Row.GROUND_GLASS_FROM_30),
    ],
)
def test_rows_at_baseline(kind: NoduleType, mean_mm: float, solid_mm: float | None, category: str, row: Row) -> None:
    classed = at_baseline(Size(kind, mean_mm, solid_mm))
    assert classed is not None
    assert (classed.category, classed.row) == (category, row)


@pytest.mark.parametrize(
    ("kind", "mean_mm", "solid_mm", "category", "row"),
    [
        (SOLID, 3.9, None, "2", Row.SOLID_NEW_UNDER_4),
        (SOLID, 4.0, None, "3", Row.SOLID_NEW_4_TO_6),
        (SOLID, 5.9, None, "3", Row.SOLID_NEW_4_TO_6),
        (SOLID, 6.0, None, "4A", Row.SOLID_NEW_6_TO_8),
        (SOLID, 7.9, None, "4A", Row.SOLID_NEW_6_TO_8),
        (SOLID, 8.0, None, "4B", Row.SOLID_NEW_FROM_8),
        (PART_SOLID, 5.9, 2.0, "3", Row.PART_SOLID_NEW_UNDER_6),
        (PART_SOLID, 5.9, None, "3", Row.PART_SOLID_NEW_UNDER_6),
        (PART_SOLID, 6.0, 3.9, "4A", Row.PART_SOLID_ACTIVE_SOLID_UNDER_4),
        (PART_SOLID, 6.0, 4.0, "4B", Row.PART_SOLID_ACTIVE_SOLID_FROM_4),
        (GROUND_GLASS, 29.9, None, "2", Row.GROUND_GLASS_UNDER_30),
        (GROUND_GLASS, 30.0, None, "3", Row.GROUND_GLASS_FROM_30),
    ],
)
def test_rows_of_new_nodules(kind: NoduleType, mean_mm: float, solid_mm: float | None, category: str, row: Row) -> None:
    classed = when_new(Size(kind, mean_mm, solid_mm))
    assert classed is not None
    assert (classed.category, classed.row) == (category, row)


@pytest.mark.parametrize(
    ("kind", "mean_mm", "solid_mm", "category", "row"),
    [
        (SOLID, 7.9, None, "4A", Row.SOLID_GROWING_UNDER_8),
        (SOLID, 8.0, None, "4B", Row.SOLID_GROWING_FROM_8),
        (PART_SOLID, 5.9, 1.0, "3", Row.PART_SOLID_GROWING_UNDER_6),
        (PART_SOLID, 6.0, 1.0, "3", Row.PART_SOLID_BASELINE_SOLID_UNDER_6),
        (PART_SOLID, 12.0, 7.0, "4A", Row.PART_SOLID_BASELINE_SOLID_6_TO_8),
        (GROUND_GLASS, 29.9, None, "2", Row.GROUND_GLASS_UNDER_30),
        (GROUND_GLASS, 30.0, None, "3", Row.GROUND_GLASS_FROM_30),
    ],
)
def test_rows_of_growing_nodules(kind: NoduleType, mean_mm: float, solid_mm: float | None, category: str, row: Row) -> None:
    classed = when_growing(Size(kind, mean_mm, solid_mm))
    assert classed is not None
    assert (classed.category, classed.row) == (category, row)


@pytest.mark.parametrize(
    ("solid_mm", "row"),
    [(1.0, Row.PART_SOLID_ACTIVE_SOLID_UNDER_4), (3.9, Row.PART_SOLID_ACTIVE_SOLID_UNDER_4), (4.0, Row.PART_SOLID_ACTIVE_SOLID_FROM_4)],
)
def test_rows_of_new_and_growing_solid_parts(solid_mm: float, row: Row) -> None:
    classed = with_active_solid_part(Size(PART_SOLID, 9.0, solid_mm))
    assert classed is not None
    assert classed.row is row


def test_a_solid_part_that_was_not_measured_leaves_the_category_open() -> None:
    size = Size(PART_SOLID, 6.0)
    assert [at_baseline(size), when_new(size), when_growing(size), with_active_solid_part(size)] == [None] * 4


@pytest.mark.parametrize(("volume_mm3", "at_first", "new"), [(34, "2", "3"), (113, "3", "4A"), (268, "4A", "4B"), (1767, "4B", "4B")])
def test_spheres_of_the_tables_volumes_lie_on_its_thresholds(volume_mm3: int, at_first: str, new: str) -> None:
    size = Size(SOLID, round((6 * volume_mm3 / math.pi) ** (1 / 3), 1))
    below = Size(SOLID, round(size.mean_mm - 0.1, 1))
    both = [(at_baseline(s), when_new(s)) for s in (below, size)]
    ranks = [(a.category.rank, b.category.rank) for a, b in both if a and b]
    assert tuple(c.category for c in both[1] if c) == (at_first, new)
    assert ranks[0] != ranks[1]


def test_every_row_has_a_category_and_categories_are_in_order() -> None:
    assert set(Row) - set(CATEGORY_OF_ROW) == {Row.STAYS}
    assert [c.rank for c in Category] == list(range(7))
    assert max(Category, key=lambda c: c.rank) is Category.SUSPICIOUS_FEATURES


@given(
    st.sampled_from([at_baseline, when_new, when_growing]),
    st.sampled_from([SOLID, PART_SOLID, GROUND_GLASS]),
    st.floats(3, 40),
    st.floats(0, 1),
    st.floats(0, 10),
)
def test_a_larger_nodule_is_never_classed_lower(rule, kind: NoduleType, mean_mm: float, share: float, more_mm: float) -> None:
    def rank(diameter: float) -> int:
        classed = rule(Size(kind, diameter, diameter * share if kind is PART_SOLID else None))
        assert classed is not None
        return classed.category.rank

    assert rank(mean_mm + more_mm) >= rank(mean_mm)
