"""The examination: what was found, measured and graded, put together."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, CTVolume, LungMask
from nodulescope.operators.examination import Assessment, Examination, LungFindings, ModelProvenance
from nodulescope.operators.examination.input_facts import lung_extent
from nodulescope.operators.guidelines.assess import assess
from nodulescope.operators.guidelines.follow_up import PriorComparison
from nodulescope.operators.guidelines.gaps import WHAT, Gap
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.measurement.labels import paint_labels
from nodulescope.operators.nodules.measuring import Finding, distinct, measured
from nodulescope.operators.nodules.numbering import numbered
from nodulescope.operators.nodules.selection import Thresholds

LUNGS_CUT_OFF = "The scan does not show the lungs from apex to base: what lies outside was not seen."
"""Warning on a scan that ends within the lungs."""


def assess_examination(
    ct: CTVolume,
    lung_mask: LungMask,
    findings: Sequence[Finding],
    models: Sequence[ModelProvenance],
    thresholds: Thresholds,
    timings_s: Mapping[str, float],
    history: PatientHistory | None = None,
) -> Examination:
    """Measure every finding, drop what is no nodule or too small to be called one, order the rest by suspicion, number and class them.

    Every nodule is a baseline finding here; after a comparison with a prior, :func:`with_guidelines` classes them anew. Findings somewhat
    below the operating point are kept apart (``subthreshold``), for such a comparison.

    Args:
        ct: the CT on its own grid.
        lung_mask: its lungs.
        findings: candidates with outline and grade.
        models: the bundles that ran.
        thresholds: the operating point.
        timings_s: seconds per stage so far.
        history: what is known of the patient; None where nothing is.
    """
    found = distinct(measured(ct, lung_mask, findings, models, thresholds))
    nodules = numbered([n for n in found if n.grade.probability >= thresholds.nodule_probability])
    weaker = numbered([n for n in found if n.grade.probability < thresholds.nodule_probability], first=len(nodules) + 1)
    exam = Examination(
        ct=ct if lung_mask.fully_covered else replace(ct, source=replace(ct.source, warnings=(*ct.source.warnings, LUNGS_CUT_OFF))),
        lung_mask=lung_mask,
        lungs=LungFindings(
            lung_mask.volume_ml(LEFT_LUNG), lung_mask.volume_ml(RIGHT_LUNG), lung_mask.fully_covered, lung_extent(lung_mask)
        ),
        nodules=nodules,
        nodule_labels=paint_labels(ct, [nodule.outline for nodule in nodules]),
        models=tuple(models),
        assessment=Assessment(),
        timings_s=timings_s,
        peak_memory_mb=peak_memory_mb(),
        generator_version=own_version(),
        subthreshold=weaker,
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
