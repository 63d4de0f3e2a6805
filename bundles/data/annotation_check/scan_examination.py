"""A whole scan held against the annotation rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nodulescope.bundles.data.annotation_check.item_files import read_image, read_labels, scan_rules
from nodulescope.bundles.data.annotation_check.listed_item import ListedItem
from nodulescope.bundles.data.annotation_check.marked_voxels import marked_voxels
from nodulescope.bundles.data.annotation_check.place import Place
from nodulescope.bundles.data.annotation_check.place_rules import (
    counting_rules,
    duplicates,
    outline_rules,
    position_rules,
    rating_rules,
    size_rules,
)
from nodulescope.bundles.data.annotation_check.scan_places import scan_places
from nodulescope.bundles.data.annotation_check.violation import Broken, Violation
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.data.annotation_rules import Rule
from nodulescope.bundles.data.box_on_grid import voxel_extent


def examine_scan(item: ListedItem, least_readers: int | None) -> tuple[list[Place], list[Violation], Volume | None, Volume | None]:
    """Load a scan with its lungs and outlines, and find what is wrong.

    Args:
        item: a whole scan.
        least_readers: agreement that makes a finding a nodule; None where every annotation counts.

    Returns:
        The annotated places, the violations, the CT and the lung labels (None where they cannot be used).
    """
    violations: list[Violation] = []
    image = read_image(item, violations)
    lungs = _read_lungs(item, image, violations)
    if image is not None:
        violations += [item.breaks(rule, found) for rule, found in scan_rules(image)]
    places: list[Place] = []
    for entry in scan_places(item):
        if isinstance(entry, Violation):
            violations.append(entry)
        else:
            places.append(entry)
    places = _with_outlines(item, places, image, violations)
    located = image if image is not None and image.is_axis_parallel() else None
    for place in places:
        violations += [
            item.breaks(rule, found, place.annotation.id) for rule, found in _place_violations(place, located, lungs, least_readers)
        ]
    violations += [item.breaks(rule, found, place.annotation.id) for place, (rule, found) in duplicates(places)]
    return places, violations, image, lungs


def _place_violations(place: Place, image: Volume | None, lungs: Volume | None, least_readers: int | None) -> Iterator[Broken]:
    yield from counting_rules(place, least_readers)
    yield from rating_rules(place.annotation)
    yield from size_rules(place)
    if image is not None:
        yield from position_rules(place, image, lungs)
        yield from outline_rules(place)


def _read_lungs(item: ListedItem, image: Volume | None, violations: list[Violation]) -> Volume | None:
    label = item.values.get("label")
    if not isinstance(label, str):
        violations.append(item.breaks(Rule.MALFORMED, "it must name its lung labels under `label`"))
        return None
    lungs = read_labels(item, label, image, violations)
    if lungs is not None and not lungs.values.any():
        violations.append(item.breaks(Rule.NO_LUNGS, f"{label} marks no voxel"))
    return lungs


def _with_outlines(item: ListedItem, places: Sequence[Place], image: Volume | None, violations: list[Violation]) -> list[Place]:
    """Load the outlines; of a file that several annotations name, each has what lies in its box."""
    uses = Counter(place.annotation.outline for place in places)
    maps: dict[str, Volume | None] = {}
    outlined = []
    for place in places:
        file, name = place.annotation.outline, place.annotation.id
        if file is None:
            outlined.append(place)
            continue
        if file not in maps:
            maps[file] = read_labels(item, file, image, violations, name)
        labels = maps[file]
        marked = None
        if labels is not None:
            marked = marked_voxels(labels, voxel_extent(place.annotation.box, labels.affine_lps) if uses[file] > 1 else None)
            if marked is None:
                violations.append(item.breaks(Rule.EMPTY, f"{file} marks no voxel{' in its box' if uses[file] > 1 else ''}", name))
        if uses[file] == 1:
            maps.pop(file)  # a map of a whole scan takes 30 MB
        outlined.append(replace(place, outline=marked))
    return outlined
