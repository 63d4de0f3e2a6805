"""The boxes and annotations of a scan's item."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.annotation_check.listed_item import ListedItem
from nodulescope.bundles.data.annotation_check.place import Place
from nodulescope.bundles.data.annotation_check.violation import Violation
from nodulescope.bundles.data.annotation_rules import Rule
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

SAME_BOX_MM = 0.05
"""Edges and centres of a box and of its annotation differ by less: both are the same numbers, perhaps rounded."""


def scan_places(item: ListedItem) -> Iterator[Place | Violation]:
    """What an item marks, outlines not yet loaded, and what is wrong with the way it is written."""
    boxes, classes, nodules = (item.values.get(key) for key in ("box", "box_class", "nodules"))
    if boxes is None and nodules is None:
        return  # an item for the lung network
    lengths = {key: len(values) if isinstance(values, list) else None for key, values in (("box", boxes), ("box_class", classes))}
    if lengths["box"] is None or lengths["box"] != lengths["box_class"]:
        yield item.breaks(Rule.MALFORMED, "box and box_class must be lists of the same length")
        return
    if nodules is not None and (not isinstance(nodules, list) or len(nodules) != lengths["box"]):
        yield item.breaks(Rule.MALFORMED, "nodules must hold one annotation per box, in the same order")
        nodules = None
    known: set[str] = set()
    for number, (box, box_class) in enumerate(zip(boxes or (), classes or (), strict=True), 1):
        for entry in _place(item, number, box, box_class, nodules):
            if isinstance(entry, Place) and entry.annotation.id in known:
                yield item.breaks(Rule.MALFORMED, "another annotation of this scan has the same id", entry.annotation.id)
            if isinstance(entry, Place):
                known.add(entry.annotation.id)
            yield entry


def _place(item: ListedItem, number: int, box: Any, box_class: Any, nodules: list[Any] | None) -> Iterator[Place | Violation]:
    name, annotation = f"box {number}", None
    if not _is_box(box):
        yield item.breaks(Rule.MALFORMED, "a box must be six finite numbers (LPS mm: centre, then edges)", name)
        return
    if box_class not in (NODULE_CLASS, IGNORED_CLASS):
        yield item.breaks(Rule.MALFORMED, f"box_class must be {NODULE_CLASS} or {IGNORED_CLASS}, not {box_class!r}", name)
        box_class = None
    if nodules is not None:
        try:
            annotation = _annotation(nodules[number - 1])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            yield item.breaks(Rule.MALFORMED, f"its annotation cannot be read ({type(error).__name__}: {error})", name)
    if annotation is not None and not np.allclose(annotation.box, box, rtol=0.0, atol=SAME_BOX_MM):
        yield item.breaks(Rule.MALFORMED, f"its box differs from that of the item ({name})", annotation.id)
    yield Place(annotation or _of_box(name, box), box_class, described=annotation is not None)


def _is_box(box: Any) -> bool:
    return isinstance(box, list) and len(box) == 6 and all(isinstance(v, (int, float)) and math.isfinite(v) for v in box)


def _of_box(name: str, box: list[float]) -> NoduleAnnotation:
    """What a box alone tells; its diameter is that of a ball that would fill it."""
    x, y, z, w, d, h = (float(value) for value in box)
    return NoduleAnnotation(name, (x, y, z), (w, d, h), float(np.cbrt(max(w, 0.0) * max(d, 0.0) * max(h, 0.0))))


def _annotation(values: Mapping[str, Any]) -> NoduleAnnotation:
    annotation = NoduleAnnotation.from_json(values)
    if annotation.readers is not None and not isinstance(annotation.readers, int):
        raise ValueError("readers must be a whole number or null")
    if not all(math.isfinite(v) for v in (*annotation.box, annotation.diameter_mm)):
        raise ValueError("its place and size must be finite numbers")
    if annotation.outline is not None and not isinstance(annotation.outline, str):
        raise ValueError("outline must name a file")
    require_ratings(annotation.ratings)
    return annotation


def require_ratings(ratings: Any) -> None:
    """Refuse ratings that are no rows of numbers.

    Raises:
        ValueError: a row has another length, or holds something else than numbers and null.
    """
    for row in ratings:
        if len(row) != len(READER_RATINGS) or not all(value is None or isinstance(value, (int, float)) for value in row):
            raise ValueError(f"a reader's ratings must be {len(READER_RATINGS)} numbers or nulls: {', '.join(READER_RATINGS)}")
