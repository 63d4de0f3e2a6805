from __future__ import annotations

import math

import pytest
import torch

from nodulescope.bundles.metrics.grading import GradingMetric, area_under_curve, grading_summary, malignancy_auc
from nodulescope.bundles.nodule_grading.ratings import HEADS, pack_ratings


def test_area_under_curve_counts_ties_half() -> None:
    score = torch.tensor([0.9, 0.5, 0.5, 0.1])
    positive = torch.tensor([True, True, False, False])
    assert area_under_curve(score, positive) == pytest.approx((2 + 1.5) / 4)
    assert area_under_curve(-score, positive) == pytest.approx(0.5 / 4)
    assert math.isnan(area_under_curve(score, torch.ones(4, dtype=torch.bool)))


def test_undecided_nodules_are_left_out() -> None:
    mean = torch.tensor([5.0, 3.0, 1.0])
    assert malignancy_auc(mean, torch.tensor([4.0, 5.0, 2.0])) == 1.0


def answers(*malignancies: float) -> torch.Tensor:
    raw = torch.zeros(len(malignancies), len(HEADS))
    raw[:, 0] = torch.arange(len(malignancies), 0, -1.0)
    raw[:, HEADS.index("malignancy")] = torch.logit((torch.tensor(malignancies) - 1) / 4)
    return raw


def test_hand_computed_summary() -> None:
    ratings = torch.stack([pack_ratings([[5.0] * 8, [4.0] * 8]), pack_ratings([[2.0] * 8]), pack_ratings([[1.0] * 8]), pack_ratings([])])
    summary = grading_summary(answers(4.0, 3.5, 1.5, 2.0), torch.tensor([1, 1, 1, 0]), ratings)
    assert summary["nodule_auc"] == 1.0
    assert summary["malignancy_auc"] == 1.0
    assert summary["malignancy_mae"] == pytest.approx((0.5 + 1.5 + 0.5) / 3)
    assert summary["malignancy_off_by_one"] == pytest.approx(2 / 3)
    assert summary["malignancy_spearman"] == pytest.approx(1.0)


def test_metric_over_batches_equals_the_summary_of_all() -> None:
    ratings = torch.stack([pack_ratings([[float(r)] * 8]) for r in (5, 1, 4, 2)])
    raw, nodule = answers(4.5, 2.0, 1.5, 3.0), torch.ones(4)
    metric = GradingMetric("malignancy_mae")
    metric.reset()
    for part in (slice(0, 3), slice(3, 4)):
        metric.update(
            metric._output_transform({"pred": raw[part, :, None, None, None], "label": {"nodule": nodule[part], "ratings": ratings[part]}})
        )
    assert metric.compute() == pytest.approx(grading_summary(raw, nodule, ratings)["malignancy_mae"])


def test_a_metric_without_value_is_below_every_value() -> None:
    """NaN would stay MONAI's best value for good, and 0 would count as a measurement when sites' metrics are averaged."""
    metric = GradingMetric("malignancy_auc")
    metric.reset()
    metric.update(
        metric._output_transform({"pred": answers(4.0), "label": {"nodule": torch.ones(1), "ratings": pack_ratings([[5.0] * 8])[None]}})
    )
    assert metric.compute() == -math.inf
