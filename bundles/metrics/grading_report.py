"""How well graded cubes agree with radiologists, beside what the radiologists' own agreement and size alone would give."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.metrics.agreement import auc, ranking_figures, rating_figures
from nodulescope.bundles.metrics.bootstrap import Counts, Estimate, PatientBootstrap, repeated
from nodulescope.bundles.metrics.calibration import brier_score, expected_calibration_error
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport, FigureRow, FigureTable, counted
from nodulescope.bundles.metrics.graded_cases import GradedCase
from nodulescope.bundles.metrics.grading_arrays import GradingArrays, ReaderPairs, grading_arrays, reader_pairs
from nodulescope.bundles.nodule_grading.calibration import fit_platt, logits_of
from nodulescope.bundles.nodule_grading.ratings import UNDECIDED

Floats = NDArray[np.float64]

CALIBRATION_FOLDS = 5
"""Groups of patients; each group's probabilities are calibrated on the others."""

RATING_ROWS = (
    ("auc", "AUC, means of 3 left out", True),
    ("auc_threes_benign", "AUC, means of 3 as benign", False),
    ("auc_threes_malignant", "AUC, means of 3 as malignant", False),
    ("spearman", "Spearman correlation", True),
    ("kappa", "Quadratic weighted kappa", False),
    ("within_one", "Within one step", True),
    ("three_class", "Three classes", False),
    ("mae", "Mean absolute error", True),
)
"""Key, name, and whether it is a figure of the bundle's metadata."""

NODULE_ROWS = (("auc", "AUC, nodules against places without", True),)

CALIBRATION_ROWS = (
    ("malignant_ece", "Malignancy: expected calibration error", True),
    ("malignant_brier", "Malignancy: Brier score, share of readers", False),
    ("malignant_decided_brier", "Malignancy: Brier score, above or below 3", True),
    ("nodule_ece", "Nodule: expected calibration error", False),
    ("nodule_brier", "Nodule: Brier score", False),
)

WITHOUT_INTERVAL = ("malignant_ece", "nodule_ece")
"""Rows whose bootstrap is biased upwards: a draw repeats cases, which adds noise to the bins and with that to the error."""

COLUMN_NAMES = {
    "network": "network",
    "probability": "its probability",
    "size": "size alone",
    "slice_cnn": "2-D CNN",
    "readers": "readers",
    "as_it_is": "as it is",
    "recalibrated": "recalibrated",
    "network_minus_size": "network minus size",
    "network_minus_slice_cnn": "network minus 2-D CNN",
}

DEFINITIONS = (
    "Truth is the mean of a nodule's readers' malignancy, 1 to 5. LIDC ratings are radiologists' opinions, not pathology.",
    "Intervals: 95 %, percentiles of a bootstrap over patients; differences between columns are paired.",
    "Each reader is compared with the mean of the other readers of the same nodule; the network stands beside on the same means.",
    "Size alone: the diameter of the ball with the volume of the readers' own outline. Its ratings are isotonic fits on training patients.",
    "AUC: mean above 3 against below 3. Its probability: that of a rating above 3, which the network gives beside the rating itself.",
    "Kappa and the three classes (below 3, 3, above) compare ratings rounded to whole ones (halves to even ones).",
    "A calibrated probability of malignancy is the share of readers who rate above 3, a 3 counted half; bins: ten equal parts of 0 to 1.",
    "The expected calibration error has no interval: cases drawn twice add noise to every bin, so each draw's error is larger.",
    "Recalibrated: scale and bias of the logit fitted on the other four fifths of the measured patients.",
)

Key = tuple[str, str, str]
"""Table, row, column."""


def grading_report(
    cases: Sequence[GradedCase],
    *,
    title: str,
    settings: Mapping[str, object],
    draws: int,
    seed: int = 0,
    done: Callable[[int], None] | None = None,
) -> EvaluationReport:
    """All figures of graded cases.

    Args:
        cases: graded ones, each once.
        title: what they are, such as ``"LIDC-IDRI, three or four readers"``.
        settings: what was asked for; goes into the report as it stands.
        draws: of the bootstrap.
        seed: of the bootstrap.
        done: told the number of finished draws.
    """
    arrays = grading_arrays(cases)
    bootstrap = PatientBootstrap(arrays.patients, draws, seed)
    places = bootstrap.places(arrays.patients)
    pairs = reader_pairs(arrays, places)
    recalibrated = _recalibrated(arrays, bootstrap)

    def measure(counts: Counts) -> dict[Key, float]:
        index = repeated(counts, places)
        rated = index[arrays.rated[index]]
        return _malignancy(arrays, rated) | _readers(pairs, counts) | _nodule(arrays, index) | _calibration(arrays, index, recalibrated)

    estimates = bootstrap.estimates(measure, done)
    nodules, of_patients = int(arrays.rated.sum()), len({p for p, rated in zip(arrays.patients, arrays.rated, strict=True) if rated})
    tables = (
        _table("malignancy", f"Malignancy of {counted(nodules, 'nodule')} of {counted(of_patients, 'patient')}", estimates, RATING_ROWS),
        _table("differences", "Differences in malignancy, on the same cases", estimates, RATING_ROWS),
        _table("readers", "Against the mean of the other readers", estimates, RATING_ROWS),
        _table(
            "nodule",
            f"Nodule or not: {counted(nodules, 'nodule')}, {counted(int((~arrays.nodule).sum()), 'place')} without",
            estimates,
            NODULE_ROWS,
        ),
        _table("calibration", "Do probabilities mean what they say?", estimates, CALIBRATION_ROWS),
    )
    return EvaluationReport(
        kind="grading",
        title=title,
        cases=len(cases),
        patients=len(bootstrap.patients),
        settings=settings,
        tables=tuple(table for table in tables if table.rows),
        definitions=DEFINITIONS,
    )


def _readers(pairs: ReaderPairs, counts: Counts) -> dict[Key, float]:
    if not len(pairs.rating):
        return {}
    index = repeated(counts, pairs.places)
    found: dict[Key, float] = {}
    for column, opinion in (("readers", pairs.rating[index]), ("network", pairs.network[index])):
        figures = ranking_figures(opinion, pairs.others[index]) | rating_figures(opinion, pairs.others[index])
        found |= {("readers", row, column): value for row, value in figures.items()}
    return found | {("malignancy", row, column): value for (_, row, column), value in found.items() if column == "readers"}


def _malignancy(arrays: GradingArrays, index: NDArray[np.intp]) -> dict[Key, float]:
    truth = arrays.mean[index]
    found: dict[Key, float] = {}
    for column, score in arrays.columns.items():
        figures = ranking_figures(score[index], truth)
        if column in arrays.steps:
            figures |= rating_figures(arrays.steps[column][index], truth)
        found |= {("malignancy", row, column): value for row, value in figures.items()}
    for other in ("size", "slice_cnn"):
        for row, _, _ in RATING_ROWS:
            if ("malignancy", row, other) in found:
                difference = found["malignancy", row, "network"] - found["malignancy", row, other]
                found["differences", row, f"network_minus_{other}"] = difference
    return found


def _nodule(arrays: GradingArrays, index: NDArray[np.intp]) -> dict[Key, float]:
    if arrays.nodule.all():
        return {}
    return {("nodule", "auc", "network"): auc(arrays.probability[index], arrays.nodule[index])}


def _calibration(arrays: GradingArrays, index: NDArray[np.intp], recalibrated: Mapping[str, Floats]) -> dict[Key, float]:
    rated = index[arrays.rated[index]]
    decided = rated[arrays.mean[rated] != UNDECIDED]
    found: dict[Key, float] = {}
    for column, malignant, nodule in (
        ("as_it_is", arrays.columns["probability"], arrays.probability),
        ("recalibrated", recalibrated["malignant"], recalibrated["nodule"]),
    ):
        found["calibration", "malignant_ece", column] = expected_calibration_error(malignant[rated], arrays.votes[rated])
        found["calibration", "malignant_brier", column] = brier_score(malignant[rated], arrays.votes[rated])
        found["calibration", "malignant_decided_brier", column] = brier_score(malignant[decided], arrays.mean[decided] > UNDECIDED)
        if not arrays.nodule.all():
            there = arrays.nodule[index].astype(np.float64)
            found["calibration", "nodule_ece", column] = expected_calibration_error(nodule[index], there)
            found["calibration", "nodule_brier", column] = brier_score(nodule[index], there)
    return found


def _recalibrated(arrays: GradingArrays, bootstrap: PatientBootstrap) -> dict[str, Floats]:
    """Both probabilities, each patient's calibrated on the patients of the other groups."""
    group = bootstrap.places(arrays.patients) % CALIBRATION_FOLDS
    questions = {
        "nodule": (arrays.probability, arrays.nodule.astype(np.float64), np.ones(len(group), dtype=bool)),
        "malignant": (arrays.columns["probability"], arrays.votes, arrays.rated),
    }
    answers = {}
    for name, (probability, outcome, known) in questions.items():
        answers[name] = probability.copy()
        for own in range(CALIBRATION_FOLDS):
            learn = known & (group != own)
            fit = fit_platt(logits_of(probability[learn]), outcome[learn])
            answers[name][group == own] = fit.probabilities(probability[group == own])
    return answers


def _table(key: str, title: str, estimates: Mapping[Key, Estimate], rows: Sequence[tuple[str, str, bool]]) -> FigureTable:
    built = []
    for row, name, headline in rows:
        values = {column: estimate for (table, r, column), estimate in estimates.items() if (table, r) == (key, row)}
        if row in WITHOUT_INTERVAL:
            values = {column: Estimate(estimate.value) for column, estimate in values.items()}
        if any(math.isfinite(estimate.value) for estimate in values.values()):
            built.append(FigureRow(row, name, values, headline=headline and key not in ("differences", "readers")))
    used = {column for row in built for column in row.values}
    return FigureTable(key, title, {column: name for column, name in COLUMN_NAMES.items() if column in used}, tuple(built))
