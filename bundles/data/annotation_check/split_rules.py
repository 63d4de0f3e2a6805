"""Rules about the datalist as a whole: who and what is where."""

from __future__ import annotations

from collections.abc import Sequence

from nodulescope.bundles.data.annotation_check.listed_item import ListedItem
from nodulescope.bundles.data.annotation_check.violation import Violation
from nodulescope.bundles.data.annotation_rules import Rule


def split_violations(items: Sequence[ListedItem]) -> list[list[Violation]]:
    """What is wrong with the split, told for each item; a leak is told for the items of every part but the first that has the patient.

    Returns:
        One list per item, in the order of ``items``.
    """
    homes: dict[str, ListedItem] = {}
    seen: dict[str, ListedItem] = {}
    violations: list[list[Violation]] = []
    for item in items:
        own = []
        if item.patient is None:
            own.append(item.breaks(Rule.NO_PATIENT, "it names no patient"))
        else:
            home = homes.setdefault(item.patient, item)
            if home.part != item.part:
                own.append(item.breaks(Rule.PATIENT_IN_TWO_PARTS, f"in {item.part}, but {home.name} of {home.part} shows the same patient"))
        for what, value in _identities(item).items():
            first = seen.setdefault(value, item)
            if first is not item:
                own.append(item.breaks(Rule.SCAN_TWICE, f"the same {what} as item {first.number} of {first.part}"))
                break
        violations.append(own)
    return violations


def _identities(item: ListedItem) -> dict[str, str]:
    """What tells that two items are the same scan; cubes of one series are not."""
    identities = {}
    if isinstance(item.values.get("image"), str):
        identities["image"] = str(item.path(item.values["image"]).absolute())
    if not item.is_cube and isinstance(item.values.get("series_instance_uid"), str):
        identities["series"] = item.values["series_instance_uid"]
    return identities
