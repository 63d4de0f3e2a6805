from __future__ import annotations

from typing import Any

import pytest

from nodulescope.operators.examination import NoduleType
from nodulescope.operators.guidelines.features import Size, is_calcified_throughout, is_spiculated, long_axis_mm, size_of, solid_extent_mm


def test_sizes_are_those_that_are_printed(make_nodule: Any) -> None:
    assert size_of(make_nodule(5.96, "part-solid", solid=2.04)) == Size(NoduleType.PART_SOLID, 6.0, 2.0)
    assert size_of(make_nodule(5.94)) == Size(NoduleType.SOLID, 5.9)
    assert size_of(make_nodule(7.0, "calcified")) == Size(NoduleType.SOLID, 7.0)
    assert long_axis_mm(make_nodule(7.0, long=7.98)) == 8.0


@pytest.mark.parametrize(
    ("size", "extent"),
    [
        (Size(NoduleType.SOLID, 9.0), 9.0),
        (Size(NoduleType.GROUND_GLASS, 9.0), 0.0),
        (Size(NoduleType.PART_SOLID, 9.0, 4.0), 4.0),
        (Size(NoduleType.PART_SOLID, 9.0), None),
    ],
)
def test_what_is_solid_in_a_nodule(size: Size, extent: float | None) -> None:
    assert solid_extent_mm(size) == extent


@pytest.mark.parametrize(
    ("rating", "there"), [(1.0, False), (2.49, False), (2.5, None), (3.49, None), (3.5, True), (5.0, True), (None, None)]
)
def test_a_rating_in_the_middle_tells_nothing_of_spiculation(rating: float | None, there: bool | None, make_nodule: Any) -> None:
    assert is_spiculated(make_nodule(9.0, spiculation=rating)) is there


@pytest.mark.parametrize(
    ("nodule", "calcified"),
    [
        ({"mean": 9.0, "kind": "calcified", "calcification": 0.5}, True),
        ({"mean": 9.0, "kind": "calcified", "calcification": 0.49}, False),
        ({"mean": 9.0, "kind": "solid", "calcification": 0.9}, False),
        ({"mean": 30.0, "kind": "calcified", "calcification": 0.9}, True),
        ({"mean": 30.1, "kind": "calcified", "calcification": 0.9}, False),
        ({"mean": 9.0, "kind": "calcified", "calcification": 0.9, "spiculation": 3.0}, False),
        ({"mean": 9.0, "kind": "calcified", "calcification": 0.9, "spiculation": None}, False),
    ],
)
def test_calcium_counts_when_densities_and_network_agree(nodule: dict[str, Any], calcified: bool, make_nodule: Any) -> None:
    assert is_calcified_throughout(make_nodule(**nodule)) is calcified
