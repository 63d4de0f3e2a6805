"""A training cube held against the annotation rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.annotation_check.item_files import read_image, read_labels
from nodulescope.bundles.data.annotation_check.listed_item import ListedItem
from nodulescope.bundles.data.annotation_check.marked_voxels import MarkedVoxels, marked_voxels
from nodulescope.bundles.data.annotation_check.place import Place
from nodulescope.bundles.data.annotation_check.place_rules import outline_rules, rating_rules, tissue_rules
from nodulescope.bundles.data.annotation_check.scan_places import require_ratings
from nodulescope.bundles.data.annotation_check.violation import Broken, Violation
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.data.annotation_rules import Rule
from nodulescope.bundles.data.training_cubes import SHIFT_MM


def examine_cube(item: ListedItem) -> tuple[list[Place], list[Violation], Volume | None]:
    """Load a cube with its outlines, and find what is wrong.

    Returns:
        The place in it (none in a cube without a nodule), the violations, and the image (None where it cannot be read).
    """
    violations: list[Violation] = []
    image = read_image(item, violations)
    label = item.values.get("label")
    if item.values.get("nodule") not in (0, 1):
        violations.append(item.breaks(Rule.MALFORMED, f"`nodule` must be 0 or 1, not {item.values.get('nodule')!r}"))
    elif item.values["nodule"] == 0 and label is not None:
        violations.append(item.breaks(Rule.MALFORMED, "`nodule` is 0, but it names an outline under `label`"))
    if label is None and item.values.get("nodule") != 1:
        return [], violations, image
    name = cube_name(item)
    outline = None
    if not isinstance(label, str):
        violations.append(item.breaks(Rule.MALFORMED, "it must name one outline under `label`", name))
    else:
        labels = read_labels(item, label, image, violations, name)
        outline = marked_voxels(labels) if labels is not None else None
        if labels is not None and outline is None:
            violations.append(item.breaks(Rule.EMPTY, f"{label} marks no voxel", name))
    readers = tuple(_reader_outlines(item, image, violations, name))
    place = Place(_annotation(item, image, outline, violations), outline=outline, reader_outlines=readers)
    violations += [item.breaks(rule, found, name) for rule, found in _place_violations(place, image)]
    return [place], violations, image


def cube_name(item: ListedItem) -> str:
    """What the place in a cube is called: the file without its endings."""
    return Path(item.name).name.split(".nii")[0]


def _place_violations(place: Place, image: Volume | None) -> Iterator[Broken]:
    yield from rating_rules(place.annotation)
    if image is None or place.outline is None or not image.is_axis_parallel():
        return
    yield from outline_rules(place)
    yield from tissue_rules(place, image)
    aside = np.abs(place.outline.centroid_lps_mm - image.center_lps_mm).max()
    if aside > SHIFT_MM:
        yield Rule.OUTLINE_ELSEWHERE, f"its centroid lies {aside:.1f} mm beside the middle of the cube, {SHIFT_MM:g} mm are allowed"


def _annotation(item: ListedItem, image: Volume | None, outline: MarkedVoxels | None, violations: list[Violation]) -> NoduleAnnotation:
    """The place as an annotation, in the coordinates of the cube's file."""
    name, ratings = cube_name(item), item.values.get("ratings") or []
    try:
        require_ratings(ratings)
    except (TypeError, ValueError) as error:
        violations.append(item.breaks(Rule.MALFORMED, str(error), name))
        ratings = []
    labels = item.values.get("reader_labels")
    readers = len(labels) if isinstance(labels, list) else len(ratings) or None
    if outline is not None:
        box, diameter = outline.box, outline.diameter_mm
    else:
        box, diameter = [*(image.center_lps_mm.tolist() if image is not None else (0.0, 0.0, 0.0)), 0.0, 0.0, 0.0], 0.0
    x, y, z, w, d, h = box
    return NoduleAnnotation(name, (x, y, z), (w, d, h), diameter, readers, tuple(tuple(row) for row in ratings))


def _reader_outlines(item: ListedItem, image: Volume | None, violations: list[Violation], name: str) -> Iterator[MarkedVoxels]:
    files: Any = item.values.get("reader_labels") or ()
    if not isinstance(files, (list, tuple)) or not all(isinstance(file, str) for file in files):
        violations.append(item.breaks(Rule.MALFORMED, "reader_labels must be a list of files", name))
        return
    for file in files:
        labels = read_labels(item, file, image, violations, name)
        marked = marked_voxels(labels) if labels is not None else None
        if marked is not None:  # a reader's outline of a voxel or two may vanish at 1 mm
            yield marked
