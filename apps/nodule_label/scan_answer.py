"""The whole chain as one model: nodules with outlines, measurements and ratings, as an analysis reports them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodulescope.apps.nodule_label.answer import Answer
from nodulescope.apps.nodule_label.model_answers import names_of
from nodulescope.apps.nodule_label.served_models import ServedModels
from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.predictors import STAGES
from nodulescope.operators.examination import ModelProvenance
from nodulescope.operators.examination.findings_json import examination_to_findings
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.models import Models
from nodulescope.operators.nodules import Thresholds
from nodulescope.operators.nodules.examining import examine_ct
from nodulescope.operators.stopwatch import Stopwatch


def scan(models: ServedModels, ct: CTVolume, _: Mapping[str, Any]) -> Answer:
    """Lungs, candidates, outlines, grades, measurements, at the operating point of the analysis."""
    predictors = (models.lungs, models.detection, models.outline, models.grading)
    used = models.provenance(*STAGES)
    provenance = tuple(ModelProvenance(m["stage"], m["stage"], m["version"], m["sha256"]) for m in used)
    exam = examine_ct(ct, Models(*predictors, provenance), Thresholds().without_prior(), PatientHistory(), Stopwatch())
    told = examination_to_findings(exam)
    params = {
        "nodules": told["nodules"],
        "lungs": told["lungs"],
        "ratings": [{"label": n.id, "malignancy": round(n.grade.malignancy, 2), **n.grade.attributes} for n in exam.nodules],
        "models": used,
    }
    return Answer(exam.nodule_labels, names_of(len(exam.nodules), [n.grade for n in exam.nodules]), params=params)
