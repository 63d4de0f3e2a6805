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
from nodulescope.operators.examination import Assessment, Examination, LungFindings, ModelProvenance, Nodule, NotAssessed
from nodulescope.operators.measurement.fine_outline import NothingToMeasure
from nodulescope.operators.measurement.labels import paint_labels
from nodulescope.operators.measurement.measure import measure
from nodulescope.operators.measurement.position import side
from nodulescope.operators.nodules.selection import Thresholds, nodule_probability

NOT_ASSESSED = (
    NotAssessed("nodules[].prior", "no prior examination was given, so every nodule is a baseline finding"),
    NotAssessed("nodules[].lung_rads", "guideline categories are not part of this version"),
    NotAssessed("lung_rads", "guideline categories are not part of this version"),
    NotAssessed("fleischner", "guideline categories are not part of this version"),
    NotAssessed("brock", "guideline categories are not part of this version"),
)


def assess_examination(
    ct: CTVolume,
    lung_mask: LungMask,
    findings: Sequence[tuple[Candidate, Outline, Grade]],
    models: Sequence[ModelProvenance],
    thresholds: Thresholds,
    timings_s: Mapping[str, float],
) -> Examination:
    """Measure every finding, drop what is no nodule or too small to be called one, order the rest by suspicion, number them.

    Args:
        ct: the CT on its own grid.
        lung_mask: its lungs.
        findings: candidates with outline and grade.
        models: the bundles that ran.
        thresholds: the operating point.
        timings_s: seconds per stage so far.
    """
    nodules = _distinct(_measured(ct, lung_mask, findings, models, thresholds))
    nodules.sort(key=lambda n: (-n.grade.malignancy_probability * n.grade.probability, -n.measurements.volume_mm3))
    numbered = tuple(replace(nodule, id=number) for number, nodule in enumerate(nodules, 1))
    return Examination(
        ct=ct,
        lung_mask=lung_mask,
        lungs=LungFindings(lung_mask.volume_ml(LEFT_LUNG), lung_mask.volume_ml(RIGHT_LUNG), lung_mask.fully_covered),
        nodules=numbered,
        nodule_labels=paint_labels(ct, [n.outline for n in numbered]) if numbered else np.zeros(ct.shape, np.uint8),
        models=tuple(models),
        assessment=Assessment(not_assessed=NOT_ASSESSED),
        timings_s=timings_s,
        peak_memory_mb=peak_memory_mb(),
        generator_version=own_version(),
    )


def _measured(
    ct: CTVolume,
    lung_mask: LungMask,
    findings: Sequence[tuple[Candidate, Outline, Grade]],
    models: Sequence[ModelProvenance],
    thresholds: Thresholds,
) -> list[Nodule]:
    nodules = []
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
        nodules.append(
            Nodule(
                id=1,
                tracking_uid=str(nodule_tracking_uid(ct, models, center)),
                type=kind,
                side=side(lung_mask, center),
                measurements=measurements,
                candidate=candidate,
                grade=replace(grade, probability=probability),
                outline=outline,
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
