"""Agreement of graded ratings with radiologists'."""

from __future__ import annotations

import math

import torch
from ignite.metrics import EpochMetric
from scipy.stats import spearmanr

from nodulescope.bundles.nodule_grading.ratings import SCALED, UNDECIDED, scaled_ratings

NO_VALUE = -math.inf
"""Of an epoch whose cases cannot be measured, such as an AUC without a malignant one. MONAI keeps the weights of the largest value, and
next to NaN nothing is larger."""


def area_under_curve(score: torch.Tensor, positive: torch.Tensor) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney U), ties counted half; NaN when one class is missing.

    Args:
        score: shape (n,).
        positive: boolean, shape (n,).
    """
    high, low = score[positive].double(), score[~positive].double()
    if not len(high) or not len(low):
        return float("nan")
    wins = torch.searchsorted(low.sort().values, high) + torch.searchsorted(low.sort().values, high, right=True)
    return float(wins.double().sum() / (2 * len(high) * len(low)))


def malignancy_auc(mean_rating: torch.Tensor, predicted: torch.Tensor) -> float:
    """AUC of predicted malignancy for readers' mean above 3 against below 3; means of exactly 3 are left out."""
    decided = mean_rating != UNDECIDED
    return area_under_curve(predicted[decided], mean_rating[decided] > UNDECIDED)


def grading_summary(answers: torch.Tensor, nodule: torch.Tensor, ratings: torch.Tensor) -> dict[str, float]:
    """Metrics of one set of graded cubes.

    Args:
        answers: raw answers, shape (n, heads).
        nodule: 1 or 0, shape (n,).
        ratings: readers' ratings, shape (n, readers, 8), NaN where none.

    Returns:
        ``nodule_auc``; and, over cubes that at least one reader rated: ``malignancy_auc``, ``malignancy_mae``, ``malignancy_spearman``,
        ``malignancy_off_by_one`` (share within one rating step).
    """
    mean = ratings[:, :, 0].nanmean(dim=1)
    rated = ~mean.isnan()
    predicted = scaled_ratings(answers)[:, SCALED.index("malignancy")]
    error = (predicted - mean)[rated].abs()
    return {
        "nodule_auc": area_under_curve(answers[:, 0], nodule.flatten() > 0),
        "malignancy_auc": malignancy_auc(mean[rated], predicted[rated]),
        "malignancy_mae": float(error.mean()),
        "malignancy_spearman": float(spearmanr(predicted[rated], mean[rated]).statistic) if int(rated.sum()) > 2 else float("nan"),
        "malignancy_off_by_one": float((error <= 1.0).float().mean()),
    }


class GradingMetric(EpochMetric):
    """Ignite metric: one value of :func:`grading_summary` over an epoch, :data:`NO_VALUE` where there is none.

    Args:
        name: which value.
    """

    def __init__(self, name: str) -> None:
        super().__init__(self._compute, output_transform=_answers_and_targets, check_compute_fn=False)
        self.value_name = name

    def _compute(self, answers: torch.Tensor, targets: torch.Tensor) -> float:
        value = grading_summary(answers, targets[:, 0], targets[:, 1:].reshape(len(targets), -1, 8))[self.value_name]
        return value if math.isfinite(value) else NO_VALUE


def _answers_and_targets(output: dict[str, object]) -> tuple[torch.Tensor, torch.Tensor]:
    answers, target = output["pred"], output["label"]
    assert isinstance(answers, torch.Tensor)
    assert isinstance(target, dict)
    packed = torch.cat([target["nodule"].float().reshape(-1, 1), target["ratings"].float().flatten(1)], dim=1)
    return answers.float().flatten(1), packed
