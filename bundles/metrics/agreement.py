"""How well one opinion on malignancy, 1 to 5, agrees with a mean of radiologists' ratings.

The opinion may be a network's, another radiologist's, or what a nodule's size alone would say.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from nodulescope.bundles.metrics.grading import area_under_curve
from nodulescope.bundles.nodule_grading.ratings import UNDECIDED

Floats = NDArray[np.float64]

SCALE = (1, 5)
"""Lowest and highest malignancy rating of LIDC-IDRI (Armato et al., Med Phys 38, 2011)."""


def ranking_figures(score: Floats, truth: Floats) -> dict[str, float]:
    """Figures that need an order only.

    Args:
        score: any number that grows with suspicion, shape (n,).
        truth: mean rating, shape (n,).

    Returns:
        ``auc`` (above 3 against below 3, means of exactly 3 left out), ``auc_threes_benign`` and ``auc_threes_malignant`` (means of exactly
        3 counted on that side), ``spearman``; NaN where a figure is not defined.
    """
    decided = truth != UNDECIDED
    return {
        "auc": auc(score[decided], truth[decided] > UNDECIDED),
        "auc_threes_benign": auc(score, truth > UNDECIDED),
        "auc_threes_malignant": auc(score, truth >= UNDECIDED),
        "spearman": spearman(score, truth),
    }


def rating_figures(rating: Floats, truth: Floats) -> dict[str, float]:
    """Figures that need ratings on the scale from 1 to 5.

    Args:
        rating: opinions, shape (n,).
        truth: mean ratings, shape (n,).

    Returns:
        ``kappa``; ``within_one``, the share at most 1 away from the mean; ``three_class``, the share on the same side of 3; ``mae``, the
        mean absolute error. For ``kappa`` and ``three_class`` both are rounded by :func:`rounded`.
    """
    if not len(rating):
        return dict.fromkeys(("kappa", "within_one", "three_class", "mae"), math.nan)
    error = np.abs(rating - truth)
    return {
        "kappa": quadratic_weighted_kappa(rounded(rating), rounded(truth)),
        "within_one": float(np.mean(error <= 1.0)),
        "three_class": float(np.mean(np.sign(rounded(rating) - UNDECIDED) == np.sign(rounded(truth) - UNDECIDED))),
        "mae": float(np.mean(error)),
    }


def rounded(ratings: Floats) -> Floats:
    """To whole ratings, halves to the even one: 2.5 becomes 2 and 3.5 becomes 4, alike on both sides of 3."""
    return np.asarray(np.rint(ratings))


def quadratic_weighted_kappa(first: Floats, second: Floats) -> float:
    """Cohen's kappa with quadratic weights (Cohen, Psychol Bull 70:213, 1968) of two whole ratings per case; NaN where all are alike."""
    low, high = SCALE
    size = high - low + 1
    pairs = np.bincount(((first - low) * size + (second - low)).astype(np.intp), minlength=size * size).reshape(size, size)
    weights = np.subtract.outer(np.arange(size), np.arange(size)) ** 2
    by_chance = np.outer(pairs.sum(axis=1), pairs.sum(axis=0)) / max(len(first), 1)
    expected = float((weights * by_chance).sum())
    return 1.0 - float((weights * pairs).sum()) / expected if expected > 0 else math.nan


def spearman(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation; NaN with fewer than three cases or where one side is constant."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(spearmanr(first, second).statistic)


def auc(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve, ties counted half; NaN when one class is missing."""
    return area_under_curve(torch.from_numpy(np.asarray(score)), torch.from_numpy(np.asarray(positive)))


def mean_of_the_others(ratings: Floats) -> Floats:
    """For each reader the mean of the other readers of the same nodule.

    Args:
        ratings: shape (n, readers), NaN where a reader gave none.

    Returns:
        Same shape; NaN where the reader gave no rating or was the only one.
    """
    given = ~np.isnan(ratings)
    others = given.sum(axis=1, keepdims=True) - given
    total = np.nansum(ratings, axis=1, keepdims=True) - np.nan_to_num(ratings)
    return np.asarray(np.where(given & (others > 0), total / np.maximum(others, 1), math.nan))
