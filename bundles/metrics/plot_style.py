"""How the pictures of evaluations look: small enough for a model card, the same bytes for the same figures."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

NETWORK_COLOR = "#0072b2"
OTHER_COLORS = ("#d55e00", "#009e73", "#cc79a7")
"""Of Okabe and Ito's palette, which people with colour blindness tell apart."""

SIZE_INCHES = (4.8, 4.4)
DOTS_PER_INCH = 110


def new_figure(x_label: str, y_label: str) -> tuple[Figure, Axes]:
    """One plot with named axes."""
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")  # no pyplot: it would keep figures and choose a screen
    axes = figure.add_subplot()
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save_plot(figure: Figure, path: Path) -> None:
    """Write a PNG, whatever the path's ending, without the version of the library that drew it."""
    figure.savefig(path, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
