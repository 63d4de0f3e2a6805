"""The annotation rules as code: what may be wrong with a training item, and what an annotation counts for. Written out for people in
``docs/annotation-rules.md``.

Sources of the numbers: Hansell et al., Fleischner Society glossary, Radiology 246:697, 2008; Armato et al., LIDC-IDRI, Med Phys 38:915,
2011; Setio et al., LUNA16, Med Image Anal 42:1, 2017.
"""

from __future__ import annotations

import math
from enum import StrEnum

from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS

MASS_MM = 30.0
"""A nodule measures up to 3 cm, a mass more (Hansell et al. 2008, "mass", "nodule")."""

MICRONODULE_MM = 3.0
"""A micronodule measures less than 3 mm (Hansell et al. 2008). LIDC's readers outlined and rated from 3 mm on (Armato et al. 2011)."""

LEAST_READERS = 3
"""A nodule to be found is one that at least 3 of LIDC's 4 readers marked (Setio et al. 2017)."""

PLEURA_MM = 5.0
"""How far outside the lung labels a centre may lie, or by its own radius if that is more: nodules sit on the pleura, and labels leave them
out. The run time and the harvest of hard negatives drop candidates by the same rule."""

DIAMETER_TOLERANCE = 0.15
"""Diameters that differ by less are the same: what consensus outlines and LUNA16's published diameters agree to."""

POSITION_TOLERANCE_MM = 2.0
"""Places that differ by less, two canonical voxels, are the same: an outline drawn on slices of 2.5 mm cannot be placed better."""

FAINTEST_TISSUE_HU = -800.0
"""The brightest voxel of any nodule lies above: between lung (about -850 HU) and the faintest ground glass (about -750 HU). The value is
ours."""


class Severity(StrEnum):
    """What a violation means for training."""

    ERROR = "error"
    """Training would break, learn something wrong, or be evaluated on what it has seen."""

    WARNING = "warning"
    """Probably a mistake; a person should look."""

    NOTE = "note"
    """No mistake: the finding neither trains nor counts as a nodule, as the rule says."""


class Rule(StrEnum):
    """One thing that an annotation, or the item that it belongs to, must not be. The value names it in lists and in JSON.

    Attributes:
        severity: what breaking it means.
        text: the rule in one sentence.
        remedy: what a person should do.
    """

    severity: Severity
    text: str
    remedy: str

    def __new__(cls, value: str, severity: Severity, text: str, remedy: str) -> Rule:
        """Make a member whose value is its name in lists."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.severity, member.text, member.remedy = severity, text, remedy
        return member

    UNREADABLE = (
        "unreadable",
        Severity.ERROR,
        "A file that the datalist names is missing, damaged or no volume.",
        "restore the file or remove the item",
    )
    NOT_FINITE = (
        "not-finite",
        Severity.ERROR,
        "Voxels of an image are NaN or infinite.",
        "replace them by air (-1000 HU) or remove the item",
    )
    NOT_HOUNSFIELD = (
        "not-hounsfield",
        Severity.ERROR,
        "The values of a scan cannot be Hounsfield units: none is as low as air or lung.",
        "write the CT in Hounsfield units",
    )
    TURNED_GRID = (
        "turned-grid",
        Severity.ERROR,
        "The axes of a scan do not lie along the patient's, as boxes do.",
        "resample the scan to an axis-parallel grid",
    )
    GRID_MISMATCH = (
        "grid-mismatch",
        Severity.ERROR,
        "A label map does not lie on its image's grid.",
        "write the label map on the grid of the image",
    )
    NO_LUNGS = (
        "no-lungs",
        Severity.ERROR,
        "The lung labels of a scan are empty, so there is no region to search.",
        "label the lungs, for example with `nodulescope segment-lungs`",
    )
    MALFORMED = (
        "malformed",
        Severity.ERROR,
        "An item or an annotation lacks a value, or its values contradict each other.",
        "write the item as the rule book describes it",
    )
    PATIENT_IN_TWO_PARTS = (
        "patient-in-two-parts",
        Severity.ERROR,
        "A patient is in two parts of the split, so what is evaluated was seen in training.",
        "keep all items of a patient in one part",
    )
    EMPTY = (
        "empty",
        Severity.ERROR,
        "An outline has no voxel, or a box or a diameter has no extent.",
        "outline the nodule again or remove the annotation",
    )
    OFF_GRID = (
        "off-grid",
        Severity.ERROR,
        "A box or an outline lies outside its image.",
        "correct the position (LPS mm: to the left, to the back, to the head) or remove the annotation",
    )
    WRONG_CLASS = (
        "wrong-class",
        Severity.ERROR,
        "A box counts as a nodule although its annotation is a mass, a micronodule or a finding of too few readers.",
        "set its box_class to 1 (ignored), or state the agreement you mean with --least-readers",
    )
    RATING_OUT_OF_RANGE = (
        "rating-out-of-range",
        Severity.ERROR,
        "A rating is off its scale: 1 to 5, calcification 1 to 6.",
        "correct the rating, or write null where a reader gave none",
    )
    NO_PATIENT = (
        "no-patient",
        Severity.WARNING,
        "An item does not say which patient it shows, so nobody can tell whether the split is by patient.",
        "name the patient, or a pseudonym, under `patient`",
    )
    SCAN_TWICE = (
        "scan-twice",
        Severity.WARNING,
        "One image or one series is listed twice.",
        "keep one of the items",
    )
    OUTSIDE_LUNGS = (
        "outside-lungs",
        Severity.WARNING,
        "The centre lies farther outside the lung labels than 5 mm and than the radius: the run time would drop the finding.",
        "correct the position or the lung labels, or remove the annotation",
    )
    CUT_OFF = (
        "cut-off",
        Severity.WARNING,
        "A box or an outline reaches beyond its image: part of the nodule is missing.",
        "correct the box, or use an image that shows the whole nodule",
    )
    DUPLICATE = (
        "duplicate",
        Severity.WARNING,
        "Two annotations of one scan have centres closer than the smaller one's radius: one nodule counts twice.",
        "merge them or remove one",
    )
    SIZE_MISMATCH = (
        "size-mismatch",
        Severity.WARNING,
        "The diameter does not fit the outline's volume or the box.",
        "check the units (mm) and the outline",
    )
    OUTLINE_ELSEWHERE = (
        "outline-elsewhere",
        Severity.WARNING,
        "The outline lies elsewhere than the box, or beside the middle of its cube.",
        "check whether one of the two was written in another coordinate frame (LPS, RAS)",
    )
    OUTLINE_IN_PIECES = (
        "outline-in-pieces",
        Severity.WARNING,
        "The outline is not one piece: two nodules, or a slip of the pen.",
        "make it one piece, or annotate two nodules",
    )
    NO_TISSUE = (
        "no-tissue",
        Severity.WARNING,
        "Nothing at the place of an annotation is brighter than lung: there is no nodule to see.",
        "check the position, the scan and its Hounsfield units",
    )
    READER_COUNT = (
        "reader-count",
        Severity.WARNING,
        "The number of readers and the number of rows of ratings differ.",
        "give one row of ratings for each reader, null for each that a reader did not give",
    )
    MASS = (
        "mass",
        Severity.NOTE,
        "Over 30 mm in diameter: a mass; kept out of detector positives, negatives near it removed, still flagged at run time.",
        "nothing to do",
    )
    MICRONODULE = (
        "micronodule",
        Severity.NOTE,
        "Under 3 mm in diameter: a micronodule; kept out of detector positives, and finding it is no mistake.",
        "nothing to do",
    )
    TOO_FEW_READERS = (
        "too-few-readers",
        Severity.NOTE,
        "Fewer readers marked it than the agreement asks for: neither a nodule to be found nor a place without one.",
        "nothing to do",
    )


def is_mass(diameter_mm: float) -> bool:
    """Whether a finding is a mass by its mean diameter, or by that of the ball of its volume."""
    return diameter_mm > MASS_MM


def is_micronodule(diameter_mm: float) -> bool:
    """Whether a finding is too small to be a nodule."""
    return diameter_mm < MICRONODULE_MM


def has_too_few_readers(readers: int | None, least_readers: int | None) -> bool:
    """Whether fewer readers marked a finding than the agreement asks for; never where either number is not known."""
    return readers is not None and least_readers is not None and readers < least_readers


def box_class_of(annotation: NoduleAnnotation, *, least_readers: int | None = LEAST_READERS) -> int | None:
    """What a detection datalist's box of an annotation counts for.

    Masses, micronodules and findings of too few readers are ignored rather than left out: a detector that finds one is neither rewarded nor
    punished, in training and in evaluation, which is how LUNA16 treats its excluded findings (Setio et al. 2017).

    Args:
        annotation: the finding.
        least_readers: agreement that makes it a nodule; None where every annotation counts.

    Returns:
        ``NODULE_CLASS`` or ``IGNORED_CLASS``; None for an annotation without extent, of which there can be no box.
    """
    extents = (*annotation.size_mm, annotation.diameter_mm)
    if not all(math.isfinite(extent) and extent > 0 for extent in extents):
        return None
    diameter = annotation.diameter_mm
    ignored = is_mass(diameter) or is_micronodule(diameter) or has_too_few_readers(annotation.readers, least_readers)
    return IGNORED_CLASS if ignored else NODULE_CLASS
