"""Pictures of an evaluation of segmentation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from nodulescope.bundles.metrics.evaluation_report import PlotFile
from nodulescope.bundles.metrics.outlined_cubes import STRUCTURE
from nodulescope.bundles.metrics.plot_style import NETWORK_COLOR, OTHER_COLORS, new_figure, save_plot
from nodulescope.bundles.metrics.segmentation_report import COLUMN_NAMES, VOLUME_TOLERANCE
from nodulescope.bundles.metrics.segmented_cases import NETWORK, SegmentedCase
from nodulescope.bundles.metrics.segmented_lungs import CLASSICAL, STRUCTURES


def write_segmentation_plots(cases: Sequence[SegmentedCase], place: Callable[[str], Path]) -> tuple[PlotFile, ...]:
    """Draw Dice by size (or by structure) and measured against true volumes.

    Args:
        cases: measured masks.
        place: tells where a file of a name goes.
    """
    if cases[0].structure == STRUCTURE:
        first = ("dice.png", _dice_by_size(cases), "Dice by the nodule's size, one point per nodule")
        own = [case for case in cases if case.by == NETWORK]
    else:
        first = ("dice.png", _dice_by_structure(cases), "Dice of every scan")
        own = [case for case in cases if case.by == NETWORK and case.structure != next(iter(STRUCTURES))]
    tolerance = f"{100 * VOLUME_TOLERANCE:.0f} %"
    plots = (first, ("volume.png", _volumes(own), f"The network's volume and the true one; grey: within {tolerance}"))
    for name, figure, _ in plots:
        save_plot(figure, place(name))
    return tuple(PlotFile(name, caption) for name, _, caption in plots)


def _dice_by_size(cases: Sequence[SegmentedCase]) -> Figure:
    figure, axes = new_figure("Diameter of the consensus (mm)", "Dice")
    own = [case for case in cases if case.by == NETWORK]
    axes.plot([c.diameter_mm for c in own], [c.overlap.dice for c in own], ".", markersize=4, alpha=0.45, color=NETWORK_COLOR)
    axes.set(ylim=(-0.02, 1.02))
    axes.set_xscale("log")
    axes.set_xticks([3, 6, 10, 20, 30], labels=["3", "6", "10", "20", "30"])
    axes.minorticks_off()
    return figure


def _dice_by_structure(cases: Sequence[SegmentedCase]) -> Figure:
    figure, axes = new_figure("", "Dice")
    structures = [name for name in STRUCTURES if any(case.structure == name for case in cases)]
    for by, color in ((NETWORK, NETWORK_COLOR), (CLASSICAL, OTHER_COLORS[0])):
        for place, structure in enumerate(structures):
            dice = [case.overlap.dice for case in cases if (case.by, case.structure) == (by, structure)]
            offset = -0.12 if by == NETWORK else 0.12
            label = COLUMN_NAMES[by] if not place else None
            axes.plot(place + offset + np.linspace(-0.06, 0.06, len(dice)), dice, ".", markersize=5, alpha=0.6, color=color, label=label)
    axes.set_xticks(range(len(structures)), labels=structures)
    axes.legend(loc="lower left", frameon=False)
    return figure


def _volumes(cases: Sequence[SegmentedCase]) -> Figure:
    figure, axes = new_figure("True volume (ml)", "Volume by the network (ml)")
    found = [case.overlap for case in cases if case.overlap.volume_mm3 > 0]
    true, measured = np.array([[o.truth_volume_mm3, o.volume_mm3] for o in found]).reshape(-1, 2).T / 1000.0
    if found and cases[0].structure == STRUCTURE:  # nodules span four orders of magnitude, lungs do not
        axes.loglog()
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda volume, _: f"{volume:g}"))
    if found:
        ends = np.array([min(true.min(), measured.min()) / 1.3, max(true.max(), measured.max()) * 1.3])
        axes.fill_between(ends, ends * (1 - VOLUME_TOLERANCE), ends * (1 + VOLUME_TOLERANCE), color="0.92", linewidth=0)
        axes.plot(ends, ends, color="0.8", linewidth=0.8)
        axes.set(xlim=ends, ylim=ends)
    axes.plot(true, measured, ".", markersize=4, alpha=0.45, color=NETWORK_COLOR)
    return figure
