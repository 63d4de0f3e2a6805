"""The networks and measurements of one CT, from its voxels to an examination."""

from __future__ import annotations

from dataclasses import replace

from nodulescope.bundles.contracts import CTVolume
from nodulescope.operators.examination import Examination
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.models import Models
from nodulescope.operators.nodules.assessment import assess_examination
from nodulescope.operators.nodules.selection import Thresholds, likely, select
from nodulescope.operators.stopwatch import Stopwatch


def examine_ct(ct: CTVolume, models: Models, thresholds: Thresholds, history: PatientHistory, watch: Stopwatch) -> Examination:
    """Find, grade, outline and measure the nodules of a CT, and class them by the guidelines.

    Only findings probable enough to be reported, or to be confirmed by a prior, are outlined: that takes longer than grading.

    Args:
        ct: the CT.
        models: the bundles of all stages.
        thresholds: the operating point.
        history: all that is known of the patient.
        watch: times the steps.

    Raises:
        InputError: the CT shows no lungs.
    """
    with watch.step("lung_segmentation"):
        lungs = models.lungs(ct)
    with watch.step("nodule_detection"):
        candidates = select(models.detection(ct, lungs), thresholds)
    with watch.step("nodule_grading"):
        graded = likely(candidates, models.grading(ct, [c.center_lps_mm for c in candidates]), thresholds)
    with watch.step("nodule_segmentation"):
        outlines = models.outline(ct, [candidate for candidate, _ in graded])
    with watch.step("measurement"):
        findings = [(candidate, outline, grade) for (candidate, grade), outline in zip(graded, outlines, strict=True)]
        exam = assess_examination(ct, lungs, findings, models.provenance, thresholds, {}, history)
    return replace(exam, timings_s=watch.seconds)
