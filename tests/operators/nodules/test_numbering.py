from __future__ import annotations

from dataclasses import replace
from typing import Any

from nodulescope.bundles.contracts import Grade
from nodulescope.operators.examination import Examination, Nodule
from nodulescope.operators.nodules.numbering import numbered, suspicion_order


def variants(nodule: Nodule) -> list[Nodule]:
    """Three nodules: of little suspicion, of much, and as much but less probable to be a nodule at all."""
    ratings: list[dict[str, Any]] = [
        {"probability": 0.99, "malignancy_probability": 0.2},
        {"probability": 0.98, "malignancy_probability": 0.9},
        {"probability": 0.60, "malignancy_probability": 0.9},
    ]
    return [replace(nodule, id=1, tracking_uid=f"2.25.{n}", grade=Grade(malignancy=3.0, attributes={}, **r)) for n, r in enumerate(ratings)]


def test_the_most_suspicious_is_number_one(dicom_examination: Examination) -> None:
    nodules = variants(dicom_examination.nodules[0])
    assert suspicion_order(nodules) == [1, 2, 0]
    assert [(n.id, n.tracking_uid) for n in numbered(nodules)] == [(1, "2.25.1"), (2, "2.25.2"), (3, "2.25.0")]
    assert [n.id for n in numbered(nodules, first=5)] == [5, 6, 7]


def test_of_equals_the_larger_goes_first_and_of_twins_the_first(dicom_examination: Examination) -> None:
    large, small = (replace(n, grade=Grade(0.9, 3.0, 0.5, {})) for n in dicom_examination.nodules)
    assert suspicion_order([small, large]) == [1, 0]
    assert suspicion_order([small, small]) == [0, 1]
    assert suspicion_order([]) == []
