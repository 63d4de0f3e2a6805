from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nodulescope.bundles.data.annotation_check import CheckResult, ListedItem, examine_all
from nodulescope.bundles.data.annotation_rules import Rule, Severity


def test_items_come_in_order_with_what_the_split_breaks(scan_item: dict[str, Any], listed: Callable[..., list[ListedItem]]) -> None:
    copies = [scan_item | {"patient": f"p{number}"} for number in range(9)]
    for item in copies[1:]:
        item["image"] = f"./{item['image']}"
    items = listed(training=copies[:7], test=[copies[7], copies[2]])
    examined = list(examine_all(items, least_readers=None))
    assert [one.item for one in examined] == items
    assert [violation.rule for violation in examined[0].violations] == []
    assert {violation.rule for violation in examined[8].violations} == {Rule.PATIENT_IN_TWO_PARTS, Rule.SCAN_TWICE}


def test_an_annotation_has_its_own_violations_and_those_of_its_item(
    scan_item: dict[str, Any], listed: Callable[..., list[ListedItem]]
) -> None:
    scan_item["nodules"][0] |= {"readers": 2, "ratings": []}
    del scan_item["patient"]
    (examined,) = examine_all(listed(training=[scan_item]))
    assert [v.rule for v in examined.violations_of("n1")] == [Rule.TOO_FEW_READERS, Rule.WRONG_CLASS, Rule.NO_PATIENT]
    assert [v.rule for v in examined.violations_of("other")] == [Rule.NO_PATIENT]
    result = CheckResult("scans.json", 1, 1, 3, examined.violations)
    assert [v.rule for v in result.worst_first()] == [Rule.WRONG_CLASS, Rule.NO_PATIENT, Rule.TOO_FEW_READERS]
    assert [result.of(severity) for severity in Severity] == [1, 1, 1]
    assert result.to_json()["counts"] == {"wrong-class": 1, "no-patient": 1, "too-few-readers": 1}
    assert result.to_json()["violations"][0] == {
        "file": "ct.nii.gz",
        "part": "training",
        "annotation": "n1",
        "rule": "wrong-class",
        "severity": "error",
        "found": "too-few-readers: 2 of at least 3",
        "remedy": Rule.WRONG_CLASS.remedy,
    }
