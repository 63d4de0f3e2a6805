"""Lung-RADS with a prior: every row and note that needs one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nodulescope.operators.guidelines.follow_up import earlier
from nodulescope.operators.guidelines.lung_rads import Classed, Row
from nodulescope.operators.guidelines.lung_rads_follow_up import classify_nodule


def classed(nodule: Any) -> Classed | None:
    return classify_nodule(nodule, earlier(nodule, None))


def prior(
    mean: float | None, kind: str = "solid", solid: float | None = None, days: float | None = 365, lung_rads: str | None = None
) -> dict[str, Any]:
    return {"mean_diameter_mm": mean, "type": kind, "solid_diameter_mm": solid, "interval_days": days, "lung_rads": lung_rads}


@pytest.mark.parametrize(
    ("now", "before", "category", "row"),
    [
        # growing and new: rows of the table
        ((5.0, "solid"), prior(3.0), "4A", Row.SOLID_GROWING_UNDER_8),
        ((7.9, "solid"), prior(6.3), "4A", Row.SOLID_GROWING_UNDER_8),
        ((8.0, "solid"), prior(6.4), "4B", Row.SOLID_GROWING_FROM_8),
        ((9.0, "part-solid", 3.9), prior(9.0, "part-solid", 2.3), "4A", Row.PART_SOLID_ACTIVE_SOLID_UNDER_4),
        ((9.0, "part-solid", 4.0), prior(9.0, "part-solid", 2.4), "4B", Row.PART_SOLID_ACTIVE_SOLID_FROM_4),
        ((9.0, "part-solid", 1.0), prior(9.0, "ground-glass"), "4A", Row.PART_SOLID_ACTIVE_SOLID_UNDER_4),
        ((9.0, "part-solid", 4.5), prior(9.0, "ground-glass"), "4B", Row.PART_SOLID_ACTIVE_SOLID_FROM_4),
        ((5.8, "part-solid", 1.0), prior(4.0, "part-solid", 1.0), "3", Row.PART_SOLID_GROWING_UNDER_6),
        ((20.0, "ground-glass"), prior(10.0, "ground-glass"), "2", Row.GROUND_GLASS_UNDER_30),
        ((33.0, "ground-glass"), prior(31.0, "ground-glass"), "3", Row.GROUND_GLASS_FROM_30),
        # stable or slowly growing ground glass of 30 mm and more
        ((31.0, "ground-glass"), prior(30.5, "ground-glass"), "2", Row.GROUND_GLASS_FROM_30_STABLE),
        ((33.0, "ground-glass"), prior(30.0, "ground-glass", days=1000), "2", Row.GROUND_GLASS_FROM_30_STABLE),
        # crossing a threshold without growth (note 5)
        ((6.2, "solid"), prior(5.8), "3", Row.SOLID_BASELINE_6_TO_8),
        ((8.1, "solid"), prior(7.0), "4A", Row.SOLID_BASELINE_8_TO_15),
        ((30.2, "ground-glass"), prior(29.5, "ground-glass"), "3", Row.GROUND_GLASS_FROM_30),
        ((9.0, "solid"), prior(9.0, "ground-glass"), "4A", Row.SOLID_BASELINE_8_TO_15),
        # category 3 stable or smaller at 6 months
        ((7.0, "solid"), prior(7.0, days=183), "2", Row.STABLE_3),
        ((7.0, "solid"), prior(7.0, days=120), "3", Row.SOLID_BASELINE_6_TO_8),
        ((5.0, "solid"), prior(7.0, days=183), "2", Row.STABLE_3),
        ((5.0, "solid"), prior(7.0, days=120), "3", Row.STAYS),
        ((7.0, "solid"), prior(7.0, days=None), "3", Row.SOLID_BASELINE_6_TO_8),
        ((9.0, "part-solid", 4.0), prior(9.0, "part-solid", 4.0, days=183), "2", Row.STABLE_3),
        # category 4A stable or smaller at 3 months
        ((9.0, "solid"), prior(9.0, days=92), "3", Row.STABLE_4A),
        ((9.0, "solid"), prior(9.0, days=60), "4A", Row.SOLID_BASELINE_8_TO_15),
        ((5.0, "solid"), prior(9.0, days=92), "3", Row.STABLE_4A),
        ((9.0, "part-solid", 7.0), prior(9.0, "part-solid", 7.0, days=92), "3", Row.STABLE_4A),
        # the category of the prior goes before that of its size
        ((9.0, "solid"), prior(9.0, days=183, lung_rads="3"), "2", Row.STABLE_3),
        ((9.0, "solid"), prior(9.0, days=365, lung_rads="2"), "2", Row.STAYS),
        ((5.0, "solid"), prior(5.0, days=120, lung_rads="3"), "3", Row.STAYS),
        ((5.0, "solid"), prior(5.0, days=183, lung_rads="3S"), "2", Row.STABLE_3),
        ((7.0, "solid"), prior(7.0, days=92, lung_rads="4A"), "3", Row.STABLE_4A),
        ((8.2, "solid"), prior(7.8, days=92, lung_rads="4B"), "4B", Row.STAYS),
        ((7.0, "solid"), prior(7.0, days=120, lung_rads="0"), "3", Row.SOLID_BASELINE_6_TO_8),
        ((7.0, "solid"), prior(7.0, days=120, lung_rads="1"), "3", Row.SOLID_BASELINE_6_TO_8),
        # 4B and 4X have no step down
        ((16.0, "solid"), prior(16.0, days=400), "4B", Row.STAYS),
        ((9.0, "solid"), prior(9.0, days=183, lung_rads="4B"), "4B", Row.STAYS),
        ((9.0, "solid"), prior(9.0, days=183, lung_rads="4X"), "4X", Row.STAYS),
        ((7.0, "solid"), prior(5.0, days=183, lung_rads="4B"), "4B", Row.STAYS),
        # category 2 stays
        ((5.0, "solid"), prior(5.0), "2", Row.SOLID_BASELINE_UNDER_6),
        ((12.0, "ground-glass"), prior(12.0, "ground-glass"), "2", Row.GROUND_GLASS_UNDER_30),
        # no step down on slow growth
        ((7.9, "solid"), prior(6.2, days=800), "3", Row.SOLID_BASELINE_6_TO_8),
        # an earlier diameter that is not known
        ((7.0, "solid"), prior(None), "3", Row.SOLID_BASELINE_6_TO_8),
        ((5.9, "part-solid", 2.0), prior(None), "2", Row.PART_SOLID_BASELINE_UNDER_6),
        # a mass
        ((31.0, "solid"), prior(31.0), "4B", Row.MASS),
        ((31.0, "solid"), prior(28.0, lung_rads="4X"), "4X", Row.STAYS),
    ],
)
def test_rows_with_a_prior(now: tuple[Any, ...], before: dict[str, Any], category: str, row: Row, make_nodule: Any) -> None:
    mean, kind, *solid = now
    found = classed(make_nodule(mean, kind, solid=solid[0] if solid else None, status="stable", prior=before))
    assert found == Classed(found.category, row)  # type: ignore[union-attr]
    assert found.category == category  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("mean", "kind", "solid", "category"),
    [
        (3.9, "solid", None, "2"),
        (5.0, "solid", None, "3"),
        (7.0, "solid", None, "4A"),
        (9.0, "solid", None, "4B"),
        (8.0, "part-solid", 2.0, "4A"),
    ],
)
def test_new_nodules(mean: float, kind: str, solid: float | None, category: str, make_nodule: Any) -> None:
    found = classed(make_nodule(mean, kind, solid=solid, status="new"))
    assert found is not None
    assert found.category == category


def test_growth_of_volume_alone_is_no_growth_but_hinders_a_step_down(make_nodule: Any) -> None:
    before = prior(6.5, days=183)
    found = [classed(make_nodule(7.5, status=status, prior=before)) for status in ("stable", "growing")]
    assert [c.category for c in found if c] == ["2", "3"]


@pytest.mark.parametrize(
    ("now_mm", "then_mm", "category", "row"), [(5.0, 16.0, "4B", Row.SOLID_BASELINE_UNDER_6), (31.0, 40.0, "4X", Row.MASS)]
)
def test_a_shrinking_4b_or_4x_is_classed_by_its_size(now_mm: float, then_mm: float, category: str, row: Row, make_nodule: Any) -> None:
    found = classed(make_nodule(now_mm, status="shrinking", prior=prior(then_mm, lung_rads=category)))
    assert found is not None
    assert found.row is row


@pytest.mark.parametrize(
    ("nodule", "category", "row"),
    [
        ({"mean": 7.0, "spiculation": 3.4}, "3", Row.SOLID_BASELINE_6_TO_8),
        ({"mean": 7.0, "spiculation": 3.5}, "4X", Row.SPICULATED),
        ({"mean": 16.0, "spiculation": 4.5}, "4X", Row.SPICULATED),
        ({"mean": 31.0, "spiculation": 4.5}, "4X", Row.SPICULATED),
        ({"mean": 5.9, "spiculation": 4.5}, "2", Row.SOLID_BASELINE_UNDER_6),
        ({"mean": 30.04, "kind": "part-solid", "solid": 3.0}, "4B", Row.MASS),
        ({"mean": 30.0, "kind": "part-solid", "solid": 3.0}, "3", Row.PART_SOLID_BASELINE_SOLID_UNDER_6),
        ({"mean": 40.0, "kind": "calcified", "calcification": 0.9}, "4B", Row.MASS),
        ({"mean": 40.0, "kind": "ground-glass"}, "3", Row.GROUND_GLASS_FROM_30),
        ({"mean": 12.0, "kind": "calcified", "calcification": 0.9}, "1", Row.BENIGN_CALCIFICATION),
        ({"mean": 12.0, "kind": "calcified", "calcification": 0.9, "status": "new"}, "1", Row.BENIGN_CALCIFICATION),
        ({"mean": 12.0, "kind": "calcified", "calcification": 0.2}, "4A", Row.SOLID_BASELINE_8_TO_15),
    ],
)
def test_what_does_not_go_by_size_alone(nodule: dict[str, Any], category: str, row: Row, make_nodule: Any) -> None:
    found = classed(make_nodule(**nodule))
    assert found is not None
    assert (found.category, found.row) == (category, row)


@pytest.mark.parametrize(
    ("status", "then_mm", "category"), [("stable", 12.0, "1"), ("growing", 12.0, "4A"), ("stable", 10.0, "4B"), ("shrinking", 14.0, "1")]
)
def test_calcified_nodules_that_grew_are_classed_like_solid_ones(status: str, then_mm: float, category: str, make_nodule: Any) -> None:
    before = prior(then_mm, "calcified", days=60)
    found = classed(make_nodule(12.0, "calcified", calcification=0.9, status=status, prior=before))
    assert found is not None
    assert found.category == category


def test_a_solid_part_that_was_not_measured_leaves_the_category_open(make_nodule: Any) -> None:
    assert classed(make_nodule(9.0, "part-solid", spiculation=4.5)) is None
    assert classed(make_nodule(9.0, "part-solid", status="stable", prior=prior(9.0, "part-solid", 3.0))) is None
    assert classed(make_nodule(9.0, "part-solid", status="stable", prior=prior(9.0, "ground-glass"))) is None


@example(then_mm=3.0, now_mm=26.0, more_mm=5.0, days=10.0, lung_rads="4X")  # into a mass
@given(
    then_mm=st.floats(3, 29),
    now_mm=st.floats(3, 29),
    more_mm=st.floats(0, 5),
    days=st.floats(10, 1500),
    lung_rads=st.sampled_from([None, "2", "3", "4A", "4B", "4X"]),
)
def test_of_two_sizes_now_the_larger_is_never_classed_lower(
    then_mm: float, now_mm: float, more_mm: float, days: float, lung_rads: str | None, make_nodule: Any
) -> None:
    before = prior(then_mm, days=days, lung_rads=lung_rads)
    smaller, larger = (classed(make_nodule(mean, status="stable", prior=before)) for mean in (now_mm, now_mm + more_mm))
    assert smaller is not None
    assert larger is not None
    assert larger.category.rank >= smaller.category.rank
