"""Submitted labels held against the annotation rules, and readers held against each other."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from nodulescope.apps.nodule_label.labelled_scans import LabelledScans, same_nodule
from nodulescope.apps.nodule_label.marked_nodules import MarkedNodule, marked_nodules, separated
from nodulescope.apps.nodule_label.submitted_labels import Kind, SubmittedLabel, SubmittedLabels
from nodulescope.bundles.data.annotation_check import ListedItem, Violation, examine, examine_all, list_items
from nodulescope.bundles.data.annotation_check.volume import read_volume
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

DIFFERING_RATING = 2.0
"""Ratings of one nodule this far apart, on a scale of 1 to 5, are a disagreement."""

LOW_DICE = 0.7
"""Outlines of one nodule that share less are listed. Four readers of LIDC-IDRI agree with each other's outlines to about 0.8."""


def study_violations(labelled: LabelledScans, study: str) -> tuple[Violation, ...]:
    """The rules that one study's labels break."""
    item = labelled.item(study)
    return examine(ListedItem(labelled.folder, "labels", 1, item), least_readers=None).violations


def all_violations(labelled: LabelledScans) -> dict[str, list[dict[str, Any]]]:
    """The rules that all labels break, study by study, the split among them."""
    labelled.update()
    broken: dict[str, list[dict[str, Any]]] = {}
    for examined in examine_all(list_items(labelled.datalist), least_readers=None):
        broken[str(examined.item.values["study"])] = [violation.to_json() for violation in examined.violations]
    return broken


def disagreements(labels: SubmittedLabels) -> dict[str, list[dict[str, Any]]]:
    """Where readers of one study disagree, two by two: nodules that only one marked, outlines, ratings.

    Returns:
        Study to disagreements, for the studies that at least two readers labelled.
    """
    told: dict[str, list[dict[str, Any]]] = {}
    for study in labels.studies():
        for kind in (Kind.NODULES, Kind.BOXES):
            for one, other in combinations(labels.of(study, kind), 2):
                told.setdefault(study, []).extend(_between(one, other))
    return told


def _between(one: SubmittedLabel, other: SubmittedLabel) -> list[dict[str, Any]]:
    first, second = marked_nodules(one), list(marked_nodules(other))
    readers = [one.reader, other.reader]
    found: list[dict[str, Any]] = []
    for nodule in first:
        match = next((mark for mark in second if same_nodule(nodule, mark)), None)
        if match is None:
            found.append(_told("only one reader marked it", nodule, readers, reader=one.reader))
            continue
        second.remove(match)
        found += _differences(nodule, match, one, other, readers)
    return found + [_told("only one reader marked it", nodule, readers, reader=other.reader) for nodule in second]


def _differences(
    nodule: MarkedNodule, match: MarkedNodule, one: SubmittedLabel, other: SubmittedLabel, readers: list[str]
) -> list[dict[str, Any]]:
    found = []
    if nodule.outline is not None and match.outline is not None:
        dice = _dice(one, nodule, other, match)
        if dice < LOW_DICE:
            found.append(_told("their outlines differ", nodule, readers, dice=round(dice, 3)))
    for name, given, against in zip(READER_RATINGS, nodule.ratings, match.ratings, strict=False):
        if given is not None and against is not None and abs(given - against) >= DIFFERING_RATING:
            found.append(_told(f"their ratings of {name} differ", nodule, readers, ratings=[given, against]))
    return found


def _dice(one: SubmittedLabel, nodule: MarkedNodule, other: SubmittedLabel, match: MarkedNodule) -> float:
    here = separated(read_volume(one.file)).values == nodule.number
    there = separated(read_volume(other.file)).values == match.number
    return float(2.0 * np.count_nonzero(here & there) / (np.count_nonzero(here) + np.count_nonzero(there)))


def _told(what: str, nodule: MarkedNodule, readers: list[str], **more: Any) -> dict[str, Any]:
    return {"what": what, "center_lps_mm": [round(v, 1) for v in nodule.center_lps_mm], "readers": readers, **more}
