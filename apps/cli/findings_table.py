"""The findings of one analysis as a table on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nodulescope.apps.cli.plain_table import plain_table


def findings_table(findings: Mapping[str, Any]) -> Table:
    """One row per nodule, narrow enough for 80 columns: mm is the mean diameter, Mal. the malignancy from 1 to 5.

    Args:
        findings: the value of ``findings.json``.
    """
    sides = {"#": "right", "Type": "left", "Side": "left", "mm": "right", "mm³": "right", "Nodule": "right", "Mal.": "right"}
    table = plain_table("Findings", {**sides, "Centre (LPS mm)": "right"})
    for nodule in findings["nodules"]:
        table.add_row(
            str(nodule["id"]),
            f"{nodule['type']}{' mass' if nodule['is_mass'] else ''}",
            nodule["side"],
            f"{nodule['mean_diameter_mm']:.1f}",
            f"{nodule['volume_mm3']:.0f}",
            f"{nodule['probability']:.0%}",
            f"{nodule['malignancy']:.1f}",
            point_text(nodule["center_lps_mm"]),
        )
    return table


def print_findings(console: Console, findings: Mapping[str, Any]) -> None:
    """Print the table, the lungs, and what a reader must know about the input."""
    volumes, covered = findings["lungs"]["volume_ml"], findings["lungs"]["fully_covered"]
    console.print(findings_table(findings) if findings["nodules"] else Text("No nodules were found.", style="bold"))
    lungs = f"Lungs: right {volumes['right']} ml, left {volumes['left']} ml, together {volumes['total']} ml"
    console.print(Text(lungs + ("" if covered else " (the scan does not cover them fully)")), soft_wrap=True)
    for warning in findings["input"]["warnings"]:
        console.print(Text(f"Note: {warning}", style="yellow"), soft_wrap=True)


def print_files(console: Console, files: Iterable[Path]) -> None:
    """Print the files of a result, one per line, so that they can be copied."""
    console.print(Text("Written:"))
    for file in files:
        console.print(Text(f"  {file}"), soft_wrap=True)


def point_text(point: tuple[float, float, float] | list[float]) -> str:
    """A point as ``--at`` takes it."""
    return ",".join(f"{value:.1f}" for value in point)
