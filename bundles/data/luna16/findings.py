"""LUNA16's tables as annotations of a datalist."""

from __future__ import annotations

from collections.abc import Sequence

from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.annotation_rules import box_class_of
from nodulescope.bundles.data.luna16.tables import TableRow
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS


def nodule_annotations(rows: Sequence[TableRow]) -> list[tuple[NoduleAnnotation, int]]:
    """Nodules with what each counts for.

    LUNA16 lists nodules that at least three of four readers marked, but not how many did: the number stays open. Outlines are not
    published, so the box is the cube of the diameter.

    Args:
        rows: one scan's rows of ``annotations.csv``.
    """
    annotations = [_annotation(f"nodule_{number}", row) for number, row in enumerate(rows, 1)]
    classes = [(annotation, box_class_of(annotation)) for annotation in annotations]
    return [(annotation, box_class) for annotation, box_class in classes if box_class is not None]


def excluded_annotations(rows: Sequence[TableRow]) -> list[tuple[NoduleAnnotation, int]]:
    """Findings that are neither nodules to be found nor places without one: marked by one or two readers, under 3 mm, or no nodule.

    Args:
        rows: one scan's rows of ``annotations_excluded.csv``; several readers' marks of one thing are rows of their own, and where two
            rows are the same one is kept.
    """
    return [(_annotation(f"excluded_{number}", row), IGNORED_CLASS) for number, row in enumerate(dict.fromkeys(rows), 1)]


def _annotation(name: str, row: TableRow) -> NoduleAnnotation:
    return NoduleAnnotation(id=name, center_lps_mm=row.center_lps_mm, size_mm=(row.value,) * 3, diameter_mm=row.value)
