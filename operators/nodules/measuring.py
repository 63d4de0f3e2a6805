"""From what the networks say of a place to a measured finding, and one finding per lesion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nodulescope.bundles.contracts import Candidate, CTVolume, Grade, LungMask, Outline
from nodulescope.operators.dicom.uids import nodule_tracking_uid
from nodulescope.operators.examination import ModelProvenance, Nodule
from nodulescope.operators.measurement.fine_outline import NothingToMeasure
from nodulescope.operators.measurement.locate import locate
from nodulescope.operators.measurement.lung_sections import LungSections
from nodulescope.operators.measurement.measure import measure
from nodulescope.operators.nodules.selection import Thresholds, nodule_probability

Finding = tuple[Candidate, Outline, Grade]
"""A candidate, and what was drawn and graded there."""


def measured(
    ct: CTVolume, lung_mask: LungMask, findings: Sequence[Finding], models: Sequence[ModelProvenance], thresholds: Thresholds
) -> list[Nodule]:
    """Measure the findings that may become nodules: those of the operating point, and weaker ones that a prior may confirm.

    Left out is what is less probable than ``thresholds.least_probability``, shows nothing to measure or is smaller than a nodule.

    Args:
        ct: the CT on its own grid.
        lung_mask: its lungs.
        findings: candidates with outline and grade.
        models: the bundles that ran.
        thresholds: the operating point.

    Returns:
        In the order of the findings, all with the id 1.
    """
    nodules = []
    sections = LungSections(lung_mask)
    for candidate, outline, grade in findings:
        probability = nodule_probability(candidate, grade, thresholds)
        if probability < thresholds.least_probability:
            continue
        try:
            measurements, kind = measure(outline, ct)
        except NothingToMeasure:
            continue  # the outline network sees nothing there: a vessel or a fold of the pleura
        if measurements.mean_diameter_mm < thresholds.smallest_mm:
            continue
        center = measurements.center_lps_mm
        side, location = locate(outline, lung_mask, sections)
        nodules.append(
            Nodule(
                id=1,
                tracking_uid=str(nodule_tracking_uid(ct, models, center)),
                type=kind,
                side=side,
                measurements=measurements,
                candidate=candidate,
                grade=replace(grade, probability=probability),
                outline=outline,
                location=location,
            )
        )
    return nodules


def distinct(nodules: Sequence[Nodule]) -> list[Nodule]:
    """One nodule per place: two candidates on one lesion are outlined alike, and the more probable one stays."""
    kept: list[Nodule] = []
    for nodule in sorted(nodules, key=lambda n: -n.grade.probability):
        if is_apart(nodule, kept):
            kept.append(nodule)
    return kept


def is_apart(nodule: Nodule, others: Sequence[Nodule]) -> bool:
    """Whether its centre lies outside of all others, taken as balls of the larger of the two mean diameters."""
    center = np.asarray(nodule.measurements.center_lps_mm)
    gaps = [float(np.linalg.norm(center - other.measurements.center_lps_mm)) for other in others]
    radii = [max(nodule.measurements.mean_diameter_mm, other.measurements.mean_diameter_mm) / 2.0 for other in others]
    return all(gap >= radius for gap, radius in zip(gaps, radii, strict=True))
