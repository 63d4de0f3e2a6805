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
from nodulescope.operators.nodules import Thresholds, assess_examination, likely, select


def scan(models: ServedModels, ct: CTVolume, _: Mapping[str, Any]) -> Answer:
    """Lungs, candidates, outlines, grades, measurements, at the operating point of the analysis."""
    thresholds = Thresholds().without_prior()
    lung_mask = models.lungs(ct)
    candidates = select(models.detection(ct, lung_mask), thresholds)
    graded = likely(candidates, models.grading(ct, [c.center_lps_mm for c in candidates]), thresholds)
    outlines = models.outline(ct, [candidate for candidate, _ in graded])
    findings = [(candidate, outline, grade) for (candidate, grade), outline in zip(graded, outlines, strict=True)]
    used = models.provenance(*STAGES)
    provenance = [ModelProvenance(m["stage"], m["stage"], m["version"], m["sha256"]) for m in used]
    exam = assess_examination(ct, lung_mask, findings, provenance, thresholds, {})
    told = examination_to_findings(exam)
    params = {
        "nodules": told["nodules"],
        "lungs": told["lungs"],
        "ratings": [{"label": n.id, "malignancy": round(n.grade.malignancy, 2), **n.grade.attributes} for n in exam.nodules],
        "models": used,
    }
    return Answer(exam.nodule_labels, names_of(len(exam.nodules), [n.grade for n in exam.nodules]), params=params)
