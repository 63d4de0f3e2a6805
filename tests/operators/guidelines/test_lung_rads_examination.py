from __future__ import annotations

from typing import Any

import pytest

from nodulescope.operators.examination import Guideline, Recommendation
from nodulescope.operators.guidelines.lung_rads import Category, Classed, Row
from nodulescope.operators.guidelines.lung_rads_examination import Management, examination_category, lung_rads_recommendation


def category(text: str | None) -> Category | None:
    return None if text is None else Category(text)


@pytest.mark.parametrize(
    ("nodules", "covered", "examination"),
    [
        ((), True, "1"),
        (("1",), True, "1"),
        (("2", "1"), True, "2"),
        (("2", "3", "2"), True, "3"),
        (("3", "4A"), True, "4A"),
        (("4B", "4A"), True, "4B"),
        (("4B", "4X"), True, "4X"),
        ((), False, "0"),
        (("3",), False, "0"),
        (("4A",), False, "4A"),
        (("4X",), False, "4X"),
        ((None,), True, None),
        ((None, "4A"), True, None),
        ((None, "4B"), True, "4B"),
        ((None, "2"), False, "0"),
    ],
)
def test_the_most_suspicious_nodule_and_the_coverage_decide(
    nodules: tuple[str | None, ...], covered: bool, examination: str | None
) -> None:
    assert examination_category([category(text) for text in nodules], covered) == category(examination)


@pytest.mark.parametrize(
    ("text", "management", "months", "ids"),
    [
        ("0", Management.COMPLETE_THE_SCAN, None, ()),
        ("1", Management.SCREENING_CT, (12, 12), ()),
        ("2", Management.SCREENING_CT, (12, 12), ()),
        ("3", Management.FOLLOW_UP_CT, (6, 6), (1, 3)),
        ("4A", Management.FOLLOW_UP_CT, (3, 3), (1, 3)),
        ("4B", Management.WORK_UP, None, (1, 3)),
        ("4X", Management.WORK_UP, None, (1, 3)),
    ],
)
def test_management_of_every_category(
    text: str, management: Management, months: tuple[int, int] | None, ids: tuple[int, ...], make_nodule: Any
) -> None:
    nodules = [make_nodule(7.0, number=number) for number in (1, 2, 3)]
    classed = {number: Classed(Category(text), Row.STAYS) for number in (1, 3)} | {2: Classed(Category.NEGATIVE, Row.BENIGN_CALCIFICATION)}
    found = lung_rads_recommendation(Category(text), nodules, classed)
    assert (found.guideline, found.code, found.months, found.pet_ct) == (Guideline.LUNG_RADS, management, months, False)
    assert (found.nodules, found.category) == (ids, text)


@pytest.mark.parametrize(
    ("text", "nodule", "pet_ct"),
    [
        ("4A", {"mean": 8.0}, True),
        ("4A", {"mean": 7.9}, False),
        ("4B", {"mean": 12.0, "kind": "part-solid", "solid": 8.0}, True),
        ("4A", {"mean": 12.0, "kind": "part-solid", "solid": 7.9}, False),
        ("4X", {"mean": 35.0, "kind": "ground-glass"}, False),
        ("3", {"mean": 9.0}, False),
    ],
)
def test_pet_ct_needs_8_mm_of_solid_tissue(text: str, nodule: dict[str, Any], pet_ct: bool, make_nodule: Any) -> None:
    own = make_nodule(**nodule)
    found: Recommendation = lung_rads_recommendation(Category(text), [own], {1: Classed(Category(text), Row.STAYS)})
    assert found.pet_ct is pet_ct
