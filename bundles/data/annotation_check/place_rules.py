"""Rules about one annotated place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.annotation_check.place import Place
from nodulescope.bundles.data.annotation_check.violation import Broken
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.data.annotation_rules import (
    DIAMETER_TOLERANCE,
    FAINTEST_TISSUE_HU,
    MASS_MM,
    MICRONODULE_MM,
    PLEURA_MM,
    POSITION_TOLERANCE_MM,
    Rule,
    box_class_of,
    has_too_few_readers,
    is_mass,
    is_micronodule,
)
from nodulescope.bundles.data.box_on_grid import lies_outside, reach_beyond_mm, voxel_extent
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS
from nodulescope.bundles.nodule_grading.ratings import CALCIFICATION_ABSENT, READER_RATINGS

LOWEST_RATING, HIGHEST_RATING = 1.0, 5.0

ROUNDING_MM = 1.0
"""Two sizes or places closer than a canonical voxel are the same."""

LARGEST_BALL_OF_BOX = (6.0 / math.pi) ** (1.0 / 3.0)
"""Diameter of the ball with the volume of a cube, for an edge of 1: no outline that fits a box has a larger volume."""

LONGEST_TO_DIAMETER = 3.0
"""An ellipsoid that is five times as long as wide is 2.9 times as long as the ball of its volume; nodules are rounder."""

STRAY_SHARE = 0.05
"""Smaller specks beside the largest piece are what a majority vote leaves where readers differ."""

_MIRROR = np.array([-1.0, -1.0, 1.0])
"""From LPS to RAS: what a place looks like that was written in the wrong frame."""


def counting_rules(place: Place, least_readers: int | None) -> Iterator[Broken]:
    """What a finding is too large, too small or too uncertain for, and whether its box says so."""
    annotation, reasons = place.annotation, []
    if box_class_of(annotation) is None:
        width, depth, height = annotation.size_mm
        yield Rule.EMPTY, f"box {width:g} x {depth:g} x {height:g} mm, diameter {annotation.diameter_mm:g} mm"
        return
    about = "" if place.described else "about "  # from the box alone
    if is_mass(annotation.diameter_mm):
        reasons.append((Rule.MASS, f"{about}{annotation.diameter_mm:.1f} mm, more than {MASS_MM:g} mm"))
    if is_micronodule(annotation.diameter_mm):
        reasons.append((Rule.MICRONODULE, f"{about}{annotation.diameter_mm:.1f} mm, less than {MICRONODULE_MM:g} mm"))
    if has_too_few_readers(annotation.readers, least_readers):
        reasons.append((Rule.TOO_FEW_READERS, f"{annotation.readers} of at least {least_readers}"))
    yield from reasons
    if place.described and place.box_class == NODULE_CLASS and box_class_of(annotation, least_readers=least_readers) == IGNORED_CLASS:
        yield Rule.WRONG_CLASS, "; ".join(f"{rule}: {found}" for rule, found in reasons)


def rating_rules(annotation: NoduleAnnotation) -> Iterator[Broken]:
    """Ratings off their scales, or of another number of readers."""
    for reader, row in enumerate(annotation.ratings, 1):
        for name, value in zip(READER_RATINGS, row, strict=True):
            highest = CALCIFICATION_ABSENT if name == "calcification" else HIGHEST_RATING
            if value is not None and not math.isnan(value) and not LOWEST_RATING <= value <= highest:
                yield Rule.RATING_OUT_OF_RANGE, f"reader {reader} gave {value:g} for {name}, which goes from 1 to {highest:g}"
    rows = len(annotation.ratings)
    if rows and annotation.readers is not None and rows != annotation.readers:
        yield Rule.READER_COUNT, f"{annotation.readers} readers, {rows} rows of ratings"


def position_rules(place: Place, scan: Volume, lungs: Volume | None) -> Iterator[Broken]:
    """Where a box lies in its scan; the scan is axis-parallel."""
    box = place.annotation.box
    where = f"({', '.join(f'{value:.1f}' for value in box[:3])}) in LPS mm"
    if lies_outside(box, scan.affine_lps, scan.shape):
        yield Rule.OFF_GRID, f"{where} lies outside the image{_mirrored(box, scan)}"
        return
    beyond = reach_beyond_mm(box, scan.affine_lps, scan.shape)
    if box_class_of(place.annotation) is None:
        return  # without extent it is EMPTY, and nothing else can be said
    if beyond > ROUNDING_MM:
        yield Rule.CUT_OFF, f"the box reaches {beyond:.1f} mm beyond the image"
    if lungs is not None and lungs.values.any():
        reach = max(PLEURA_MM, place.annotation.diameter_mm / 2.0)
        if not math.isfinite(lungs.distance_mm(np.asarray(box[:3]), reach)):
            other = math.isfinite(lungs.distance_mm(np.asarray(box[:3]) * _MIRROR, ROUNDING_MM))
            hint = "; mirrored left to right and front to back it lies in the lungs: written in RAS?" if other else ""
            yield Rule.OUTSIDE_LUNGS, f"{where} lies more than {reach:.1f} mm outside the lungs{hint}"
    yield from tissue_rules(place, scan)


def tissue_rules(place: Place, scan: Volume) -> Iterator[Broken]:
    """Whether there is anything to see in the box."""
    low, high = voxel_extent(place.annotation.box, scan.affine_lps)
    start = np.clip(np.rint(low).astype(int), 0, scan.shape)
    stop = np.clip(np.rint(high).astype(int) + 1, 0, scan.shape)
    values = scan.values[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
    if values.size and float(values.max()) <= FAINTEST_TISSUE_HU:
        yield Rule.NO_TISSUE, f"the brightest voxel has {float(values.max()):.0f} HU"


def size_rules(place: Place) -> Iterator[Broken]:
    """Whether diameter, box and outline can belong to one thing."""
    annotation, outline = place.annotation, place.outline
    diameter, edges = annotation.diameter_mm, np.asarray(annotation.size_mm)
    if not place.described or box_class_of(annotation) is None:
        return
    largest = LARGEST_BALL_OF_BOX * float(np.cbrt(edges.prod()))
    if diameter > largest * (1 + DIAMETER_TOLERANCE) + ROUNDING_MM:
        yield Rule.SIZE_MISMATCH, f"diameter {diameter:.1f} mm, but its box holds a ball of {largest:.1f} mm at most"
    elif edges.max() > LONGEST_TO_DIAMETER * (diameter + ROUNDING_MM):
        yield Rule.SIZE_MISMATCH, f"diameter {diameter:.1f} mm, but its box is {edges.max():.1f} mm long"
    if outline is not None and abs(outline.diameter_mm - diameter) > max(DIAMETER_TOLERANCE * diameter, ROUNDING_MM):
        yield Rule.SIZE_MISMATCH, f"diameter {diameter:.1f} mm, but the outline has the volume of a ball of {outline.diameter_mm:.1f} mm"


def outline_rules(place: Place) -> Iterator[Broken]:
    """What an outline by itself may have wrong, and whether it lies where the box does."""
    outline = place.outline
    if outline is None:
        return
    apart = float(np.linalg.norm(np.asarray(outline.box[:3]) - place.annotation.center_lps_mm))
    if apart > POSITION_TOLERANCE_MM:
        yield Rule.OUTLINE_ELSEWHERE, f"its middle lies {apart:.1f} mm from that of the box"
    if outline.at_border:
        yield Rule.CUT_OFF, "the outline ends at the border of the image"
    stray = outline.stray_share()
    if stray > STRAY_SHARE:
        yield Rule.OUTLINE_IN_PIECES, f"{100 * stray:.0f} % of its voxels do not touch the largest piece"


def duplicates(places: Sequence[Place]) -> Iterator[tuple[Place, Broken]]:
    """Annotations that lie within another one of the same scan; of two, the smaller one is named."""
    for number, one in enumerate(places):
        for other in places[number + 1 :]:
            first, second = one.annotation, other.annotation
            apart = math.dist(first.center_lps_mm, second.center_lps_mm)
            if apart < min(first.diameter_mm, second.diameter_mm) / 2.0:
                small, large = (one, second) if first.diameter_mm < second.diameter_mm else (other, first)
                yield small, (Rule.DUPLICATE, f"its centre lies {apart:.1f} mm from that of {large.id}")


def _mirrored(box: Sequence[float], scan: Volume) -> str:
    mirrored = [*(np.asarray(box[:3]) * _MIRROR).tolist(), *box[3:]]
    inside = not lies_outside(mirrored, scan.affine_lps, scan.shape)
    return "; mirrored left to right and front to back it lies inside: written in RAS?" if inside else ""
