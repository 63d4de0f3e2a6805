"""The analysis as plain Python: the same steps as the MONAI Deploy graph, in one process, without holoscan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nodulescope.apps.nodule_ct.settings import Settings, read_settings
from nodulescope.operators.examination import Examination
from nodulescope.operators.models import Models, open_models
from nodulescope.operators.nodules import assess_examination, select
from nodulescope.operators.reading import read_ct
from nodulescope.operators.results import published_together, write_dicom_results, write_readable_results
from nodulescope.operators.stopwatch import Stopwatch

STAGE_NAMES = (
    "reading",
    "models",
    "lung_segmentation",
    "nodule_detection",
    "nodule_segmentation",
    "nodule_grading",
    "measurement",
    "dicom_results",
    "report",
)
"""Steps in running order, as they are announced and timed."""


def examine(source: Path, settings: Settings, watch: Stopwatch, models: Models | None = None) -> Examination:
    """Analyse one CT.

    Args:
        source: DICOM folder, zip, DICOM file, NIfTI, MetaImage or NRRD.
        settings: how.
        watch: times the steps.
        models: already opened, for many CTs one after another.

    Raises:
        InputError: the input cannot be analysed.
        BundleError: a bundle cannot be loaded or trusted.
    """
    with watch.step("reading"):
        ct = read_ct(source, series_uid=settings.series_uid)
    with watch.step("models"):
        models = models or open_models(settings.bundles, settings.device, settings.magnifications, settings.overlap)
    with watch.step("lung_segmentation"):
        lungs = models.lungs(ct)
    with watch.step("nodule_detection"):
        candidates = select(models.detection(ct, lungs), settings.thresholds)
    with watch.step("nodule_segmentation"):
        outlines = models.outline(ct, candidates)
    with watch.step("nodule_grading"):
        grades = models.grading(ct, [c.center_lps_mm for c in candidates])
    with watch.step("measurement"):
        findings = list(zip(candidates, outlines, grades, strict=True))
        exam = assess_examination(ct, lungs, findings, models.provenance, settings.thresholds, {})
    return replace(exam, timings_s=watch.seconds)


def analyze(source: Path, out: Path, settings: Settings | None = None, progress: Callable[[str], None] | None = None) -> Examination:
    """Analyse one CT and write every result, all of them or none.

    Args:
        source: DICOM folder, zip, DICOM file, NIfTI, MetaImage or NRRD.
        out: folder for ``findings.json``, ``report.html`` and, for DICOM input, ``segmentation.dcm`` and ``measurements.dcm``.
        settings: None takes the application's ``app.yaml``.
        progress: called with a step's name (:data:`STAGE_NAMES`) when it begins.

    Returns:
        What was found.

    Raises:
        InputError: the input cannot be analysed.
        BundleError: a bundle cannot be loaded or trusted.
        UsageError: the output folder cannot be written to.
    """
    watch = Stopwatch(progress)
    with published_together(out) as staging:
        exam = examine(source, settings or read_settings(), watch)
        with watch.step("dicom_results"):
            write_dicom_results(exam, staging)
        with watch.step("report"):
            write_readable_results(replace(exam, timings_s=watch.seconds), staging)
    return replace(exam, timings_s=watch.seconds)
