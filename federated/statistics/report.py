"""The report for people: tables, histograms of all sites over each other, and a sentence on how different they are."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from matplotlib.figure import Figure

from nodulescope.bundles.metrics.plot_style import DOTS_PER_INCH, NETWORK_COLOR, OTHER_COLORS
from nodulescope.federated.statistics.difference import Statistics
from nodulescope.federated.statistics.features import FEATURES, LEAST_PATIENTS, Feature

REPORT = "statistics.html"
DATA = "statistics.json"

COLORS = (NETWORK_COLOR, *OTHER_COLORS, "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's palette; more sites begin it anew."""

STYLES = ("-", "--", ":", "-.")


def write_report(statistics: Statistics, out: Path) -> Path:
    """Write the report and the figures behind it, whole or not at all.

    Args:
        statistics: what the sites told.
        out: folder; made if missing.

    Returns:
        The report.
    """
    out.mkdir(parents=True, exist_ok=True)
    environment = jinja2.Environment(loader=jinja2.PackageLoader("nodulescope.federated.statistics"), autoescape=True)
    page = environment.get_template("statistics.html.j2").render(
        sites=sorted(statistics.sites),
        absent=statistics.absent,
        features=FEATURES,
        told=statistics.sites,
        plots=[(feature, _picture(_histograms(statistics, feature))) for feature in FEATURES],
        differences=statistics.differences(),
        least=LEAST_PATIENTS,
        sentence=sentence(statistics),
    )
    for name, text in ((DATA, json.dumps(statistics.to_json(), indent=1) + "\n"), (REPORT, page)):
        beside = out / f".{name}.part"
        beside.write_text(text, encoding="utf-8")
        beside.replace(out / name)
    return out / REPORT


def sentence(statistics: Statistics) -> str:
    """How different the sites are, in one sentence."""
    differences = statistics.differences()
    if not differences:
        return "No two sites told enough to be compared."
    largest = differences[0]
    most = f"most in {largest.feature.title} ({largest.first} and {largest.second}, distance {largest.distance:.2f})"
    verdict = {"alike": "The sites are alike", "different": "The sites differ", "very different": "The sites differ very much"}
    return f"{verdict[largest.verdict]}, {most}."


def _histograms(statistics: Statistics, feature: Feature) -> Figure:
    figure = Figure(figsize=(4.8, 3.0), layout="constrained")  # no pyplot: it would keep figures and choose a screen
    axes = figure.add_subplot()
    axes.set(xlabel=feature.title, ylabel="Share of values")
    axes.spines[["top", "right"]].set_visible(False)
    for number, site in enumerate(sorted(statistics.sites)):
        counts: Any = np.asarray(statistics.sites[site][feature.name].get("histogram", ()), float)
        if not counts.any():
            continue
        style = STYLES[number // len(COLORS) % len(STYLES)]
        shares = np.append(counts, counts[-1]) / counts.sum()
        axes.step(feature.edges, shares, where="post", color=COLORS[number % len(COLORS)], linestyle=style, label=site, alpha=0.85)
    if axes.lines:
        axes.legend(frameon=False, fontsize=8)
        axes.set_ylim(bottom=0)
    else:
        axes.text(0.5, 0.5, "no site told enough", ha="center", va="center", transform=axes.transAxes, color="0.5")
    return figure


def _picture(figure: Figure) -> str:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return base64.b64encode(drawn.getvalue()).decode()
