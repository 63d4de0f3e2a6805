"""The MONAI Deploy application: the chain as a graph of operators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.deploy.conditions import CountCondition
from monai.deploy.core import Application

from nodulescope.apps.nodule_ct.settings import Settings
from nodulescope.apps.nodule_ct.supervision import Supervisor
from nodulescope.bundles.errors import NodulescopeError
from nodulescope.operators.deploy.assessment_operator import AssessmentOperator
from nodulescope.operators.deploy.dicom_results_operator import DicomResultsOperator
from nodulescope.operators.deploy.lung_segmentation_operator import LungSegmentationOperator
from nodulescope.operators.deploy.nodule_detection_operator import NoduleDetectionOperator
from nodulescope.operators.deploy.nodule_grading_operator import NoduleGradingOperator
from nodulescope.operators.deploy.nodule_segmentation_operator import NoduleSegmentationOperator
from nodulescope.operators.deploy.prior_operator import PriorOperator
from nodulescope.operators.deploy.read_ct_operator import ReadCTOperator
from nodulescope.operators.deploy.report_operator import ReportOperator
from nodulescope.operators.deploy.run_record import RunRecord
from nodulescope.operators.models import open_models
from nodulescope.operators.results import published_together


class NoduleCTApp(Application):
    """Chest CT in; lungs, nodules, measurements, grades, change since a prior, SEG, SR, key images and reports out.

    Args:
        source: what to analyse.
        folder: where the results are written.
        settings: how.
    """

    def __init__(self, source: Path, folder: Path, settings: Settings) -> None:
        self.source, self.folder, self.settings = source, folder, settings
        self.record = RunRecord()
        super().__init__([])

    def compose(self) -> None:
        """Connect the operators."""
        record, settings = self.record, self.settings
        with record.step("models"):
            models = open_models(settings.bundles, settings.device, settings.magnifications, settings.overlap)
        shared: dict[str, Any] = {"record": record}
        thresholds = settings.thresholds
        read = ReadCTOperator(self, CountCondition(self, 1), source=self.source, series_uid=settings.series_uid, name="read_ct", **shared)
        lungs = LungSegmentationOperator(self, predictor=models.lungs, name="lung_segmentation", **shared)
        detect = NoduleDetectionOperator(self, predictor=models.detection, thresholds=thresholds, name="nodule_detection", **shared)
        outline = NoduleSegmentationOperator(self, predictor=models.outline, name="nodule_segmentation", **shared)
        grade = NoduleGradingOperator(self, predictor=models.grading, name="nodule_grading", **shared)
        assess = AssessmentOperator(
            self, provenance=models.provenance, thresholds=thresholds, history=settings.history, name="assessment", **shared
        )
        follow = PriorOperator(
            self,
            source=self.source,
            named=settings.prior,
            compare_older=settings.compare_older,
            models=models,
            thresholds=thresholds,
            history=settings.history,
            name="prior",
            **shared,
        )
        dicom = DicomResultsOperator(self, folder=self.folder, name="dicom_results", **shared)
        report = ReportOperator(self, folder=self.folder, language=settings.language, name="report", **shared)
        for needs_ct in (lungs, detect, outline, grade, assess):
            self.add_flow(read, needs_ct, {("ct", "ct")})
        for needs_lungs in (detect, assess):
            self.add_flow(lungs, needs_lungs, {("lungs", "lungs")})
        for needs_candidates in (outline, grade, assess):
            self.add_flow(detect, needs_candidates, {("candidates", "candidates")})
        self.add_flow(outline, assess, {("outlines", "outlines")})
        self.add_flow(grade, assess, {("grades", "grades")})
        self.add_flow(read, follow, {("older", "older")})
        self.add_flow(assess, follow, {("examination", "examination")})
        self.add_flow(follow, dicom, {("examination", "examination")})
        self.add_flow(dicom, report, {("examination", "examination")})


def run_app(source: Path, out: Path, settings: Settings, supervisor: Supervisor | None = None) -> None:
    """Run the graph and publish its results, all of them or none.

    Args:
        source: what to analyse.
        out: folder for the results.
        settings: how.
        supervisor: ends a run that does not end by itself.

    Raises:
        InputError: the input cannot be analysed.
        BundleError: a bundle cannot be loaded or trusted.
        NodulescopeError: the graph stopped before its last operator.
    """
    with published_together(out) as staging:
        app = NoduleCTApp(source, staging, settings)
        if supervisor is not None:
            supervisor.guard(app.record, staging)
        try:
            app.run()
        except Exception:
            if app.record.error is None:
                raise
        if app.record.error is not None:
            raise app.record.error
        if not app.record.finished:
            raise NodulescopeError("the application stopped before its last step; no result was written")
        if supervisor is not None:
            supervisor.stand_down()
