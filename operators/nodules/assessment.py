"""The examination: what was found, measured and graded, put together."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, Candidate, CTVolume, Grade, LungMask, Outline
from nodulescope.operators.dicom.uids import nodule_tracking_uid
from nodulescope.operators.examination import Assessment, Examination, LungFindings, ModelProvenance, Nodule
from nodulescope.operators.examination.input_facts import lung_extent
from nodulescope.operators.guidelines.assess import assess
from nodulescope.operators.guidelines.follow_up import PriorComparison
from nodulescope.operators.guidelines.gaps import WHAT, Gap
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.measurement.fine_outline import NothingToMeasure
from nodulescope.operators.measurement.labels import paint_labels
from nodulescope.operators.measurement.locate import locate
from nodulescope.operators.measurement.lung_sections import LungSections
from nodulescope.operators.measurement.measure import measure
from nodulescope.operators.nodules.selection import Thresholds, nodule_probability

LUNGS_CUT_OFF = "The scan does not show the lungs from apex to base: what lies outside was not seen."
"""Warning on a scan that ends within the lungs."""


def assess_examination(
    ct: CTVolume,
    lung_mask: LungMask,
    findings: Sequence[tuple[Candidate, Outline, Grade]],
    models: Sequence[ModelProvenance],
    thresholds: Thresholds,
    timings_s: Mapping[str, float],
    history: PatientHistory | None = None,
) -> Examination:
    """Measure every finding, drop what is no nodule or too small to be called one, order the rest by suspicion, number and class them.

    Every nodule is a baseline finding here; after a comparison with a prior, :func:`with_guidelines` classes them anew.

    Args:
        ct: the CT on its own grid.
        lung_mask: its lungs.
        findings: candidates with outline and grade.
        models: the bundles that ran.
        thresholds: the operating point.
        timings_s: seconds per stage so far.
        history: what is known of the patient; None where nothing is.
    """
    nodules = _distinct(_measured(ct, lung_mask, findings, models, thresholds))
    nodules.sort(key=lambda n: (-n.grade.malignancy_probability * n.grade.probability, -n.measurements.volume_mm3))
    numbered = tuple(replace(nodule, id=number) for number, nodule in enumerate(nodules, 1))
    exam = Examination(
        ct=ct if lung_mask.fully_covered else replace(ct, source=replace(ct.source, warnings=(*ct.source.warnings, LUNGS_CUT_OFF))),
        lung_mask=lung_mask,
        lungs=LungFindings(
            lung_mask.volume_ml(LEFT_LUNG), lung_mask.volume_ml(RIGHT_LUNG), lung_mask.fully_covered, lung_extent(lung_mask)
        ),
        nodules=numbered,
        nodule_labels=paint_labels(ct, [n.outline for n in numbered]) if numbered else np.zeros(ct.shape, np.uint8),
        models=tuple(models),
        assessment=Assessment(),
        timings_s=timings_s,
        peak_memory_mb=peak_memory_mb(),
        generator_version=own_version(),
    )
    return with_guidelines(exam, history or PatientHistory())


def with_guidelines(exam: Examination, history: PatientHistory, prior_compared: PriorComparison | None = None) -> Examination:
    """Class the nodules of an examination by the guidelines, anew where they were classed before.

    Args:
        exam: its nodules carry status and ``prior`` where a prior was compared. A reason that it already gives for a missing prior stays.
        history: what is known of the patient.
        prior_compared: the prior that the nodules were compared with, or None.
    """
    nodules, assessment = assess(exam.nodules, history, exam.lungs.fully_covered, prior_compared)
    given = {item.what: item for item in exam.assessment.not_assessed if item.what == WHAT[Gap.NO_PRIOR]}
    missing = tuple(given.get(item.what, item) for item in assessment.not_assessed)
    return replace(exam, nodules=nodules, assessment=replace(assessment, not_assessed=missing))


def _measured(
    ct: CTVolume,
    lung_mask: LungMask,
    findings: Sequence[tuple[Candidate, Outline, Grade]],
    models: Sequence[ModelProvenance],
    thresholds: Thresholds,
) -> list[Nodule]:
    nodules = []
    sections = LungSections(lung_mask)
    for candidate, outline, grade in findings:
        probability = nodule_probability(candidate, grade, thresholds)
        if probability < thresholds.nodule_probability:
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


def _distinct(nodules: Sequence[Nodule]) -> list[Nodule]:
    """One nodule per place: two candidates on one lesion are outlined alike, and the more probable one stays."""
    kept: list[Nodule] = []
    for nodule in sorted(nodules, key=lambda n: -n.grade.probability):
        center = np.asarray(nodule.measurements.center_lps_mm)
        gaps = [float(np.linalg.norm(center - other.measurements.center_lps_mm)) for other in kept]
        radii = [max(nodule.measurements.mean_diameter_mm, other.measurements.mean_diameter_mm) / 2.0 for other in kept]
        if all(gap >= radius for gap, radius in zip(gaps, radii, strict=True)):
            kept.append(nodule)
    return kept


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024.0 if sys.platform != "darwin" else peak / 1024.0**2


def own_version() -> str:
    """Version of the installed package."""
    try:
        return version("nodulescope")
    except PackageNotFoundError:
        return "0+source"
