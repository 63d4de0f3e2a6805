"""The FROC curve as a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nodulescope.bundles.metrics.froc import FALSE_POSITIVES_PER_SCAN

PLOT_POINTS = 241
"""Rates between 1/8 and 8 at which curve and band are drawn: 40 per doubling, so that every operating point is one of them."""

_CURVE, _BAND = "#1f4e79", "#9dc3e6"
_WIDTH_IN, _HEIGHT_IN, _DOTS_PER_INCH = 6.4, 4.4, 150


def plot_rates() -> NDArray[np.float64]:
    """False positives per scan at which the curve is drawn, evenly spaced on a logarithmic axis, shape (:data:`PLOT_POINTS`,)."""
    return np.exp2(np.linspace(np.log2(FALSE_POSITIVES_PER_SCAN[0]), np.log2(FALSE_POSITIVES_PER_SCAN[-1]), PLOT_POINTS))


def plot_froc(
    sensitivity: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64], path: Path, *, label: str, picture: str
) -> None:
    """Draw a curve with its band.

    Args:
        sensitivity: at :func:`plot_rates`.
        lower: lower end of its interval, NaN for none.
        upper: upper end.
        path: the file to write.
        label: what the legend says of the curve.
        picture: ``"png"`` or ``"svg"``.
    """
    rates = plot_rates()
    points = np.linspace(0, PLOT_POINTS - 1, len(FALSE_POSITIVES_PER_SCAN)).astype(int)
    # A fixed salt and no date, so that the same curve gives the same file; letters stay letters, so that text can be searched.
    with mpl.rc_context({"svg.hashsalt": "froc", "svg.fonttype": "none"}):
        figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), layout="constrained")
        axes = figure.add_subplot()
        if np.isfinite(lower).all():
            axes.fill_between(rates, lower, upper, color=_BAND, alpha=0.5, linewidth=0, label="95 % of bootstrap samples")
        axes.plot(rates, sensitivity, color=_CURVE, linewidth=2, label=label)
        axes.plot(rates[points], sensitivity[points], "o", color=_CURVE, markersize=4, clip_on=False)
        axes.set_xscale("log", base=2)
        axes.set_xticks(FALSE_POSITIVES_PER_SCAN, ["1/8", "1/4", "1/2", "1", "2", "4", "8"])
        axes.set(xlim=(rates[0], rates[-1]), ylim=(0, 1), xlabel="False positives per scan", ylabel="Sensitivity")
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right")
        figure.savefig(path, format=picture, dpi=_DOTS_PER_INCH, metadata={"Date": None} if picture == "svg" else None)
