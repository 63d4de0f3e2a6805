"""The findings of one analysis as a table on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nodulescope.apps.cli.plain_table import plain_table

CHANGES = ("new", "growing", "stable", "shrinking", "resolved", "baseline")
"""In the order in which a reader asks for them."""

SPOKEN = {"baseline": "outside the prior"}


def findings_table(findings: Mapping[str, Any]) -> Table:
    """One row per nodule, narrow enough for 80 columns: mm is the mean diameter, Prob the nodule probability, Mal the malignancy
    from 1 to 5, LR the Lung-RADS category, Prior the change of the volume where a prior was compared.

    Args:
        findings: the value of ``findings.json``.
    """
    sides = {"#": "right", "Type": "left", "Side": "left", "mm": "right", "mm³": "right", "Prob": "right", "Mal": "right", "LR": "left"}
    followed = findings["prior"] is not None and not findings["prior"]["declined"]
    table = plain_table("Findings", {**sides, **({"Prior": "right"} if followed else {}), "Centre (LPS mm)": "right"})
    for nodule in findings["nodules"]:
        table.add_row(
            str(nodule["id"]),
            f"{nodule['type']}{' mass' if nodule['is_mass'] else ''}",
            nodule["side"],
            f"{nodule['mean_diameter_mm']:.1f}",
            f"{nodule['volume_mm3']:.0f}",
            f"{nodule['probability']:.0%}",
            f"{nodule['malignancy']:.1f}",
            nodule["lung_rads"] or "–",
            *([change_text(nodule)] if followed else []),
            point_text(nodule["center_lps_mm"]),
        )
    return table


def print_findings(console: Console, findings: Mapping[str, Any]) -> None:
    """Print the table, what changed, what the guidelines recommend, the lungs, and what a reader must know about the input."""
    volumes, covered = findings["lungs"]["volume_ml"], findings["lungs"]["fully_covered"]
    console.print(findings_table(findings) if findings["nodules"] else Text("No nodules were found.", style="bold"))
    if findings["prior"] is not None:
        console.print(Text(since_prior(findings)), soft_wrap=True)
    assessment = findings["assessment"]
    console.print(Text(f"Lung-RADS category {assessment['lung_rads'] or 'not assessed'}", style="bold"))
    for recommendation in assessment["recommendations"]:
        console.print(Text(recommendation["text"]), soft_wrap=True)
    lungs = f"Lungs: right {volumes['right']} ml, left {volumes['left']} ml, together {volumes['total']} ml"
    console.print(Text(lungs + ("" if covered else " (the scan does not cover them fully)")), soft_wrap=True)
    console.print(Text(findings["input"]["selection_reason"]), soft_wrap=True)
    for warning in findings["input"]["warnings"] + (findings["prior"] or {"warnings": []})["warnings"]:
        console.print(Text(f"Note: {warning}", style="yellow"), soft_wrap=True)


def change_text(nodule: Mapping[str, Any]) -> str:
    """Change of a nodule's volume, or what stands in its place: ``+63%``, ``new``, ``–`` where the prior did not look."""
    if nodule["prior"] is None:
        return "new" if nodule["status"] == "new" else "–"
    return f"{nodule['prior']['volume_change_percent']:+.0f}%"


def since_prior(findings: Mapping[str, Any]) -> str:
    """What became of the nodules since the prior, in a line."""
    prior = findings["prior"]
    day = f"Since the prior of {prior['study_date'] or 'an unknown day'}"
    if prior["declined"]:
        return f"{day}: not compared. {prior['declined']}"
    counts = Counter(nodule["status"] for nodule in findings["nodules"]) + Counter(resolved=len(prior["resolved"]))
    told = [f"{counts[status]} {SPOKEN.get(status, status)}" for status in CHANGES if counts[status]]
    return f"{day}: {', '.join(told) or 'no nodules then or now'}"


def print_files(console: Console, files: Iterable[Path]) -> None:
    """Print the files of a result, one per line, so that they can be copied."""
    console.print(Text("Written:"))
    for file in files:
        console.print(Text(f"  {file}"), soft_wrap=True)


def point_text(point: tuple[float, float, float] | list[float]) -> str:
    """A point as ``--at`` takes it."""
    return ",".join(f"{value:.1f}" for value in point)
