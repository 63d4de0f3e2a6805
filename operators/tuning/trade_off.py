"""The trade-off between nodules found, false positives and time, as a picture and as a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nodulescope.bundles.metrics.plot_style import NETWORK_COLOR, OTHER_COLORS
from nodulescope.operators.examination.whole_file import whole_file
from nodulescope.operators.tuning.choice import best_by_magnifications
from nodulescope.operators.tuning.sweep import OperatingPoint

COLUMNS = (
    "magnifications",
    "overlap",
    "detection_score",
    "detector_weight",
    "nodule_probability",
    "sensitivity",
    "false_positives_per_scan",
    "seconds_per_scan",
)
WIDTH_IN, HEIGHT_IN, DOTS_PER_INCH = 9.6, 4.4, 110


def write_trade_off(points: Sequence[OperatingPoint], chosen: OperatingPoint, most_false_positives: float, folder: Path) -> list[Path]:
    """Write ``tradeoff.csv`` (every setting), ``tradeoff.svg`` and ``tradeoff.png``; returns them in this order.

    Args:
        points: every setting that was tried.
        chosen: the one that is marked.
        most_false_positives: per scan, that were allowed.
        folder: exists.
    """
    files = [folder / f"tradeoff.{ending}" for ending in ("csv", "svg", "png")]
    with whole_file(files[0]) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows(_row(point) for point in points)
    # A fixed salt and no date, so that the same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": "tradeoff", "svg.fonttype": "none"}):
        figure = _drawn(points, chosen, most_false_positives)
        for file_name, metadata in ((files[1], {"Date": None}), (files[2], {"Software": None})):
            with whole_file(file_name) as beside:
                figure.savefig(beside, format=file_name.suffix[1:], dpi=DOTS_PER_INCH, metadata=metadata)
    return files


def envelope(points: Sequence[OperatingPoint]) -> list[OperatingPoint]:
    """The settings that no other one beats: from few to many false positives, each finds more than the one before."""
    kept: list[OperatingPoint] = []
    for point in sorted(points, key=lambda p: (p.false_positives, -p.sensitivity)):
        if not kept or point.sensitivity > kept[-1].sensitivity:
            kept.append(point)
    return kept


def spoken_magnifications(magnifications: Sequence[float]) -> str:
    """A set of magnifications as ``--magnifications`` takes it."""
    return ",".join(f"{m:g}" for m in magnifications)


def _row(point: OperatingPoint) -> list[object]:
    setting = point.thresholds
    return [
        spoken_magnifications(point.magnifications),
        point.overlap,
        setting.detection_score,
        setting.detector_weight,
        setting.nodule_probability,
        round(point.sensitivity, 5),
        round(point.false_positives, 5),
        round(point.seconds, 2),
    ]


def _drawn(points: Sequence[OperatingPoint], chosen: OperatingPoint, most_false_positives: float) -> Figure:
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")  # no pyplot: it would keep figures and choose a screen
    left, right = figure.subplots(1, 2)
    sets = list(dict.fromkeys(point.magnifications for point in points))
    palette = (NETWORK_COLOR, *OTHER_COLORS)
    colors = {magnifications: palette[number % len(palette)] for number, magnifications in enumerate(sets)}
    shown = max(2.0 * most_false_positives, 1.0)
    for magnifications, color in colors.items():
        curve = envelope([point for point in points if point.magnifications == magnifications])
        x, y = [point.false_positives for point in curve], [point.sensitivity for point in curve]
        left.step([*x, max(shown, x[-1])], [*y, y[-1]], where="post", color=color, alpha=0.8, label=_label(magnifications))
    left.axvline(most_false_positives, color="0.6", linewidth=0.8, linestyle="--")
    left.set(xlim=(0.0, shown), xlabel="False positives per scan")
    for point in best_by_magnifications(points, most_false_positives):
        right.plot(point.seconds, point.sensitivity, "o", color=colors[point.magnifications], label=_label(point.magnifications))
    slowest = max(point.seconds for point in points)
    right.set(xlabel="Seconds per scan", xlim=(0.0, 1.2 * slowest), title=f"Best with at most {most_false_positives:g} false positives")
    star: dict[str, Any] = {"color": "black", "markersize": 12, "zorder": 3, "clip_on": False, "label": "chosen"}
    left.plot(chosen.false_positives, chosen.sensitivity, "*", **star)
    right.plot(chosen.seconds, chosen.sensitivity, "*", **star)
    for axes in (left, right):
        axes.legend(loc="lower right", frameon=False)
        _finish(axes)
    return figure


def _label(magnifications: Sequence[float]) -> str:
    return f"magnifications {spoken_magnifications(magnifications)}"


def _finish(axes: Axes) -> None:
    axes.set(ylim=(0.0, 1.02), ylabel="Sensitivity")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
