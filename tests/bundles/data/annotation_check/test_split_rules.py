from __future__ import annotations

from pathlib import Path
from typing import Any

from nodulescope.bundles.data.annotation_check import ListedItem
from nodulescope.bundles.data.annotation_check.split_rules import split_violations
from nodulescope.bundles.data.annotation_rules import Rule


def items(*entries: tuple[str, dict[str, Any]]) -> list[ListedItem]:
    return [ListedItem(Path("d"), part, number, values) for number, (part, values) in enumerate(entries, 1)]


def test_a_patient_in_two_parts_is_told_for_the_later_part_without_a_name() -> None:
    found = split_violations(
        items(
            ("training", {"image": "a.nii", "patient": "p1"}),
            ("training", {"image": "b.nii", "patient": "p1"}),
            ("validation", {"image": "c.nii", "patient": "p2"}),
            ("validation", {"image": "d.nii", "patient": "p1"}),
        )
    )
    assert [len(own) for own in found] == [0, 0, 0, 1]
    (leak,) = found[3]
    assert leak.line() == (
        "d.nii: patient-in-two-parts: in validation, but a.nii of training shows the same patient; keep all items of a patient in one part"
    )


def test_numbers_and_texts_name_the_same_patient() -> None:
    found = split_violations(items(("training", {"image": "a.nii", "patient": 7}), ("test", {"image": "b.nii", "patient": "7"})))
    assert [violation.rule for violation in found[1]] == [Rule.PATIENT_IN_TWO_PARTS]


def test_one_image_or_one_series_twice() -> None:
    found = split_violations(
        items(
            ("training", {"image": "a.nii", "patient": "p1", "series_instance_uid": "1.2"}),
            ("training", {"image": "b.nii", "patient": "p1", "series_instance_uid": "1.2"}),
            ("training", {"image": "a.nii", "patient": "p1"}),
            ("training", {"image": "c.nii", "patient": "p2", "series_instance_uid": "1.3"}),
        )
    )
    assert [[(violation.rule, violation.found) for violation in own] for own in found] == [
        [],
        [(Rule.SCAN_TWICE, "the same series as item 1 of training")],
        [(Rule.SCAN_TWICE, "the same image as item 1 of training")],
        [],
    ]


def test_cubes_of_one_series_are_no_repetition() -> None:
    cube = {"patient": "p1", "nodule": 0, "series_instance_uid": "1.2"}
    assert split_violations(items(("training", {"image": "a.nii", **cube}), ("training", {"image": "b.nii", **cube}))) == [[], []]


def test_a_missing_patient_is_told() -> None:
    found = split_violations(items(("training", {"image": "a.nii"}), ("test", {"image": "b.nii", "patient": ""})))
    assert [[violation.rule for violation in own] for own in found] == [[Rule.NO_PATIENT], [Rule.NO_PATIENT]]
