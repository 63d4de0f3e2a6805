"""What the page of one annotation shows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
from nodulescope.bundles.coordinates import world_to_index
from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.annotation_check import Examined, Place, Violation
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.data.annotation_rules import Severity
from nodulescope.bundles.data.box_on_grid import lies_outside
from nodulescope.bundles.data.review.overlays import Rectangle, box_on, lungs_path, outline_path
from nodulescope.bundles.data.review.plane import VIEWS, Plane
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

FIELD_MM = 60.0
"""Edge of the pictures: a nodule of any size with its surroundings."""

CLOSE_UP = 1.6
LEAST_CLOSE_UP_MM = 16.0
"""The close view shows this many times the longer edge of the box in the axial plane, and no less than so much."""

SPREAD = 1.5
"""What is too large for :data:`FIELD_MM` is shown this many times its longest edge wide."""

CLASSES = {NODULE_CLASS: "nodule", IGNORED_CLASS: "ignored", None: ""}

_FARTHEST_MM = 100.0

_SEVERITIES = list(Severity)


@dataclass(frozen=True)
class Picture:
    """One plane with what is drawn on it.

    Attributes:
        plane: where it lies.
        file: name of the JPEG file; None where there is nothing to see.
        outline: path of the consensus.
        readers: path of each reader's outline.
        lungs: path of the lungs' borders.
        box: the annotation's own box.
        others: boxes of other annotations of the scan, with their ids.
    """

    plane: Plane
    file: str | None
    outline: str
    readers: tuple[str, ...]
    lungs: str
    box: Rectangle | None
    others: tuple[tuple[Rectangle, str], ...]


@dataclass(frozen=True)
class Entry:
    """One annotation.

    Attributes:
        file: the item's image as the datalist names it.
        part: of the datalist.
        patient: who it shows; empty where the item does not say.
        annotation: the finding.
        box_class: what its box counts for, in a word; empty for cubes.
        facts: names and values for the page.
        pictures: axial, coronal, sagittal.
        unseen: why there are no pictures; empty where there are.
        close_up_mm: edge of the close view.
        ratings: name, one text per reader, mean.
        violations: its own and those of its item, the worst first.
    """

    file: str
    part: str
    patient: str
    annotation: NoduleAnnotation
    box_class: str
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]
    unseen: str
    close_up_mm: float
    ratings: tuple[tuple[str, tuple[str, ...], str], ...]
    violations: tuple[Violation, ...]

    @property
    def short_id(self) -> str:
        """The annotation's id without the patient that stands beside it."""
        return self.annotation.id.removeprefix(self.patient).lstrip("_- ") or self.annotation.id

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules that are broken, each once."""
        return tuple(dict.fromkeys(violation.rule.value for violation in self.violations))

    @property
    def severity(self) -> str:
        """The worst of its violations; empty where there is none."""
        return self.violations[0].rule.severity.value if self.violations else ""

    @property
    def urgency(self) -> tuple[Any, ...]:
        """Sorts what a person should see first to the front: errors, warnings, notes, then patient by patient."""
        rank = _SEVERITIES.index(Severity(self.severity)) if self.severity else len(_SEVERITIES)
        return rank, *(_natural(name) for name in (self.patient, self.file, self.annotation.id))


def planes_through(annotation: NoduleAnnotation) -> tuple[Plane, ...]:
    """The three planes through the middle of an annotation's box."""
    field = max(FIELD_MM, SPREAD * max(annotation.size_mm))
    return tuple(Plane(name, annotation.center_lps_mm, field) for name in VIEWS)


def unseen(examined: Examined, place: Place) -> str:
    """Why a place cannot be drawn; empty where it can."""
    if examined.image is None:
        return "the image cannot be read"
    outside = lies_outside(place.annotation.box, examined.image.affine_lps, examined.image.shape)
    return "it lies outside the image" if outside else ""


def make_entry(examined: Examined, place: Place, pictures: Sequence[str | None]) -> Entry:
    """Collect what a page shows.

    Args:
        examined: the item.
        place: one of its places.
        pictures: file of each plane of :func:`planes_through`.
    """
    annotation = place.annotation
    drawn = []
    for plane, file in zip(planes_through(annotation), pictures, strict=True):
        others = ((box_on(other.annotation.box, plane), other.annotation.id) for other in examined.places if other is not place)
        drawn.append(
            Picture(
                plane,
                file,
                outline_path(place.outline, plane) if place.outline else "",
                tuple(outline_path(reader, plane) for reader in place.reader_outlines),
                lungs_path(examined.lungs, plane) if examined.lungs is not None else "",
                box_on(annotation.box, plane),
                tuple((box, name) for box, name in others if box is not None),
            )
        )
    close = min(max(CLOSE_UP * max(annotation.size_mm[:2]), LEAST_CLOSE_UP_MM), drawn[0].plane.field_mm)
    return Entry(
        examined.item.name,
        examined.item.part,
        examined.item.patient or "",
        annotation,
        CLASSES[place.box_class],
        tuple(_facts(examined, place)),
        tuple(drawn),
        unseen(examined, place),
        close,
        rating_rows(annotation),
        tuple(sorted(examined.violations_of(annotation.id), key=lambda violation: _SEVERITIES.index(violation.rule.severity))),
    )


def rating_rows(annotation: NoduleAnnotation) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """Each rating by each reader, and the mean of those who gave it."""
    rows = []
    for number, name in enumerate(READER_RATINGS if annotation.ratings else ()):
        values = [row[number] for row in annotation.ratings]
        given = [value for value in values if value is not None and not math.isnan(value)]
        texts = tuple("–" if value is None or math.isnan(value) else f"{value:g}" for value in values)
        rows.append((name, texts, f"{sum(given) / len(given):.1f}" if given else "–"))
    return tuple(rows)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts ``box 2`` before ``box 10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _facts(examined: Examined, place: Place) -> Iterator[tuple[str, str]]:
    annotation, cube = place.annotation, examined.item.is_cube
    about = "" if place.described else "about "
    yield "Diameter", f"{about}{annotation.diameter_mm:.1f} mm"
    yield "Box", " × ".join(f"{edge:.1f}" for edge in annotation.size_mm) + " mm"
    yield "Readers", "not stated" if annotation.readers is None else str(annotation.readers)
    if CLASSES[place.box_class]:
        yield "Counts as", CLASSES[place.box_class]
    yield ("Place in the cube" if cube else "Position (LPS)"), ", ".join(f"{v:.1f}" for v in annotation.center_lps_mm) + " mm"
    if examined.lungs is not None:
        yield "Lungs", _lung_side(examined.lungs, annotation)
    if examined.image is not None:
        yield "Density", _density(examined.image, place)
    yield "Outline", "none, box only" if place.outline is None else f"{place.outline.volume_mm3:.0f} mm³"


def _lung_side(lungs: Volume, annotation: NoduleAnnotation) -> str:
    index = np.rint(world_to_index(lungs.affine_lps, annotation.center_lps_mm)).astype(int)
    if ((index >= 0) & (index < lungs.shape)).all():
        side = {RIGHT_LUNG: "right", LEFT_LUNG: "left"}.get(int(lungs.values[tuple(index)]))
        if side:
            return f"centre in the {side} lung"
    distance = lungs.distance_mm(np.asarray(annotation.center_lps_mm), _FARTHEST_MM)
    return f"centre {distance:.0f} mm outside" if math.isfinite(distance) else f"centre more than {_FARTHEST_MM:g} mm outside"


def _density(image: Volume, place: Place) -> str:
    """Mean HU in the outline, else at the centre."""
    if place.outline is not None:
        start = np.rint(world_to_index(image.affine_lps, place.outline.affine_lps[:3, 3])).astype(int)
        box = tuple(slice(a, a + n) for a, n in zip(start, place.outline.inside.shape, strict=True))
        values = image.values[box]
        if values.shape == place.outline.inside.shape:
            return f"{float(values[place.outline.inside].mean()):.0f} HU on average"
    index = np.rint(world_to_index(image.affine_lps, place.annotation.center_lps_mm)).astype(int)
    if ((index >= 0) & (index < image.shape)).all():
        return f"{float(image.values[tuple(index)]):.0f} HU at the centre"
    return "outside the image"
