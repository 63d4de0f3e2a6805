from __future__ import annotations

from dataclasses import replace
from typing import Any

from nodulescope.bundles.metrics.bootstrap import Estimate
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport
from nodulescope.bundles.model_card.eval_metrics import eval_metrics, with_eval_metrics


def test_headlines_with_the_ends_of_their_intervals(report: EvaluationReport) -> None:
    assert eval_metrics([report]) == {"malignancy_auc": 0.9346, "malignancy_auc_low": 0.9, "malignancy_auc_high": 0.95, "nodule_auc": 0.99}


def test_of_the_same_figures_the_first_evaluation_counts(report: EvaluationReport) -> None:
    row = replace(report.tables[0].rows[0], values={"network": Estimate(0.5, 0.4, 0.6)})
    other = replace(report, tables=(replace(report.tables[0], rows=(row,)),))
    assert eval_metrics([report, other])["malignancy_auc"] == 0.9346
    assert eval_metrics([other, report]) == {
        "malignancy_auc": 0.5,
        "malignancy_auc_low": 0.4,
        "malignancy_auc_high": 0.6,
        "nodule_auc": 0.99,
    }


def test_the_other_entries_of_the_metadata_keep_their_order(report: EvaluationReport) -> None:
    before: dict[str, Any] = {"name": "N", "intended_use": "Research", "weights": {}}
    after = with_eval_metrics(before, [report])
    assert list(after) == ["name", "eval_metrics", "intended_use", "weights"]
    assert with_eval_metrics(after, [report]) == after
    assert list(with_eval_metrics(after, [report])) == list(after)
    assert list(with_eval_metrics({"name": "N"}, [report])) == ["name", "eval_metrics"]
