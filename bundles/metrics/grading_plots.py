"""Pictures of an evaluation of grading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nodulescope.bundles.metrics.agreement import SCALE, auc
from nodulescope.bundles.metrics.bootstrap import TAILS, PatientBootstrap, repeated
from nodulescope.bundles.metrics.calibration import reliability_curve
from nodulescope.bundles.metrics.evaluation_report import PlotFile
from nodulescope.bundles.metrics.graded_cases import GradedCase
from nodulescope.bundles.metrics.grading_arrays import GradingArrays, grading_arrays
from nodulescope.bundles.metrics.plot_style import NETWORK_COLOR, OTHER_COLORS, new_figure, save_plot
from nodulescope.bundles.nodule_grading.ratings import UNDECIDED

Floats = NDArray[np.float64]

FALSE_POSITIVE_RATES = np.linspace(0.0, 1.0, 101)
"""Where the bands of ROC curves are computed."""

BAND_DRAWS = 500
"""Enough for the ends of a band that is only looked at."""


def write_grading_plots(cases: Sequence[GradedCase], place: Callable[[str], Path], *, seed: int = 0) -> tuple[PlotFile, ...]:
    """Draw ROC curves, reliability diagram, and predicted against mean ratings.

    Args:
        cases: graded ones.
        place: tells where a file of a name goes.
        seed: of the band's bootstrap.
    """
    arrays = grading_arrays(cases)
    plots = (
        ("roc.png", _roc(arrays, seed), "ROC curves, mean rating above 3 against below 3; band: 95 % over patients"),
        ("reliability.png", _reliability(arrays), "Foretold and observed probability; numbers: cases in the bin"),
        ("ratings.png", _ratings(arrays), "The network's malignancy and the mean of the readers, one point per nodule"),
    )
    for name, figure, _ in plots:
        save_plot(figure, place(name))
    return tuple(PlotFile(name, caption) for name, _, caption in plots)


def roc_curve(score: Floats, positive: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """False and true positive rates of all thresholds, from (0, 0) to (1, 1); equal scores are one step."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits, falls = np.cumsum(positive[order])[ends], np.cumsum(~positive[order])[ends]
    return np.append(0.0, falls / max(falls[-1], 1)), np.append(0.0, hits / max(hits[-1], 1))


def _roc(arrays: GradingArrays, seed: int) -> Figure:
    figure, axes = new_figure("False positive rate", "True positive rate")
    decided = np.flatnonzero(arrays.rated & (arrays.mean != UNDECIDED))
    malignant = arrays.mean[decided] > UNDECIDED
    if len(decided) and malignant.any() and not malignant.all():
        _band(axes, arrays, decided, seed)
        names = {"network": "network", "size": "size alone", "slice_cnn": "2-D CNN"}
        colors = iter(OTHER_COLORS)
        for name in (name for name in names if name in arrays.columns):
            score = arrays.columns[name][decided]
            label = f"{names[name]}, AUC {auc(score, malignant):.3f}"
            axes.plot(*roc_curve(score, malignant), color=NETWORK_COLOR if name == "network" else next(colors), label=label)
        axes.legend(loc="lower right", frameon=False)
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=0.8, zorder=0)
    _square(axes)
    return figure


def _band(axes: Axes, arrays: GradingArrays, decided: NDArray[np.intp], seed: int) -> None:
    patients = [arrays.patients[case] for case in decided]
    bootstrap = PatientBootstrap(patients, BAND_DRAWS, seed)
    places, curves = bootstrap.places(patients), []
    for counts in bootstrap.counts():
        drawn = decided[repeated(counts, places)]
        malignant = arrays.mean[drawn] > UNDECIDED
        if malignant.any() and not malignant.all():
            curves.append(np.interp(FALSE_POSITIVE_RATES, *roc_curve(arrays.columns["network"][drawn], malignant)))
    if curves:
        low, high = np.percentile(curves, TAILS, axis=0)
        axes.fill_between(FALSE_POSITIVE_RATES, low, high, color=NETWORK_COLOR, alpha=0.15, linewidth=0)


def _reliability(arrays: GradingArrays) -> Figure:
    figure, axes = new_figure("Foretold probability", "Observed share")
    shown = [("malignancy above 3", arrays.columns["probability"][arrays.rated], arrays.votes[arrays.rated], NETWORK_COLOR)]
    if not arrays.nodule.all():
        shown.append(("nodule", arrays.probability, arrays.nodule.astype(np.float64), OTHER_COLORS[0]))
    for label, probability, outcome, color in shown:
        curve = reliability_curve(probability, outcome)
        axes.plot(curve.predicted, curve.observed, marker="o", markersize=4, color=color, label=label)
        for x, y, cases in zip(curve.predicted, curve.observed, curve.cases, strict=True):
            axes.annotate(f"{cases:.0f}", (x, y), textcoords="offset points", xytext=(4, -9), fontsize=7, color=color)
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=0.8, zorder=0)
    axes.legend(loc="upper left", frameon=False)
    _square(axes)
    return figure


def _ratings(arrays: GradingArrays) -> Figure:
    figure, axes = new_figure("Mean of the readers", "Network")
    low, high = SCALE
    axes.plot([low, high], [low, high], color="0.8", linewidth=0.8, zorder=0)
    axes.plot(arrays.mean[arrays.rated], arrays.columns["network"][arrays.rated], ".", markersize=4, alpha=0.4, color=NETWORK_COLOR)
    axes.set(xlim=(low - 0.1, high + 0.1), ylim=(low - 0.1, high + 0.1), aspect="equal")
    return figure


def _square(axes: Axes) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
