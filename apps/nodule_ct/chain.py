"""The analysis as plain Python: the same steps as the MONAI Deploy graph, in one process, without holoscan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nodulescope.apps.nodule_ct.settings import Settings, read_settings
from nodulescope.operators.examination import Examination
from nodulescope.operators.guidelines.dicom_history import known_history
from nodulescope.operators.models import Models, open_models
from nodulescope.operators.nodules.examining import examine_ct
from nodulescope.operators.priors.following import follow_up, wanted_prior
from nodulescope.operators.reading import read_study
from nodulescope.operators.results import published_together, write_dicom_results, write_readable_results
from nodulescope.operators.stopwatch import Stopwatch

STAGE_NAMES = (
    "reading",
    "models",
    "lung_segmentation",
    "nodule_detection",
    "nodule_grading",
    "nodule_segmentation",
    "measurement",
    "prior",
    "dicom_results",
    "report",
)
"""Steps in running order, as they are announced and timed; ``prior`` is left out where there is none."""


def examine(source: Path, settings: Settings, watch: Stopwatch, models: Models | None = None) -> Examination:
    """Analyse one CT, and its prior where there is one.

    Args:
        source: DICOM folder, zip, DICOM file, NIfTI, MetaImage or NRRD.
        settings: how.
        watch: times the steps.
        models: already opened, for many CTs one after another.

    Raises:
        InputError: the input or the prior cannot be analysed, or the history contradicts it.
        BundleError: a bundle cannot be loaded or trusted.
    """
    with watch.step("reading"):
        study = read_study(source, series_uid=settings.series_uid)
        history = known_history(settings.history, study.ct.source)
    with watch.step("models"):
        models = models or open_models(settings.bundles, settings.device, settings.magnifications, settings.overlap)
    prior = wanted_prior(settings.prior, source, study.priors, settings.compare_older)
    thresholds = settings.thresholds if prior is not None else settings.thresholds.without_prior()
    exam = examine_ct(study.ct, models, thresholds, history, watch)
    if prior is not None:
        with watch.step("prior"):
            exam = follow_up(exam, prior, models, thresholds, history)
    return replace(exam, timings_s=watch.seconds)


def analyze(source: Path, out: Path, settings: Settings | None = None, progress: Callable[[str], None] | None = None) -> Examination:
    """Analyse one CT and write every result, all of them or none.

    Args:
        source: DICOM folder, zip, DICOM file, NIfTI, MetaImage or NRRD.
        out: folder for the results, see :mod:`nodulescope.operators.results`.
        settings: None takes the application's ``app.yaml``.
        progress: called with a step's name (:data:`STAGE_NAMES`) when it begins.

    Returns:
        What was found.

    Raises:
        InputError: the input or the prior cannot be analysed.
        BundleError: a bundle cannot be loaded or trusted.
        UsageError: the output folder cannot be written to.
    """
    watch, settings = Stopwatch(progress), settings or read_settings()
    with published_together(out) as staging:
        exam = examine(source, settings, watch)
        with watch.step("dicom_results"):
            write_dicom_results(exam, staging)
        with watch.step("report"):
            write_readable_results(replace(exam, timings_s=watch.seconds), staging, settings.language)
    return replace(exam, timings_s=watch.seconds)
