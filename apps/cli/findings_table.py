"""The findings of one analysis as a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text


def findings_table(findings: Mapping[str, Any]) -> Table:
    """One row per nodule.

    Args:
        findings: the value of ``findings.json``.
    """
    table = Table(title="Findings", title_justify="left", header_style="bold")
    for heading in ("#", "Type", "Side", "Mean mm", "Axes mm", "mm³", "Nodule", "Malignancy", "Centre (LPS mm)"):
        table.add_column(heading, justify="left" if heading in ("Type", "Side") else "right", no_wrap=True)
    for nodule in findings["nodules"]:
        table.add_row(
            str(nodule["id"]),
            f"{nodule['type']}{' mass' if nodule['is_mass'] else ''}",
            nodule["side"],
            f"{nodule['mean_diameter_mm']:.1f}",
            f"{nodule['long_axis_mm']:.1f} × {nodule['short_axis_mm']:.1f}",
            f"{nodule['volume_mm3']:.0f}",
            f"{nodule['probability']:.0%}",
            f"{nodule['malignancy']:.1f} of 5",
            point_text(nodule["center_lps_mm"]),
        )
    return table


def findings_summary(findings: Mapping[str, Any]) -> RenderableType:
    """The table, the lungs, and what a reader must know about the input."""
    volumes, covered = findings["lungs"]["volume_ml"], findings["lungs"]["fully_covered"]
    lungs = f"Lungs: right {volumes['right']} ml, left {volumes['left']} ml, together {volumes['total']} ml"
    parts: list[RenderableType] = [findings_table(findings) if findings["nodules"] else Text("No nodules were found.", style="bold")]
    parts.append(Text(lungs + ("" if covered else " (the scan does not cover them fully)")))
    parts += [Text(f"Note: {warning}", style="yellow") for warning in findings["input"]["warnings"]]
    return Group(*parts)


def print_files(console: Console, folder: Path) -> None:
    """Print the files of a result, one per line, so that they can be copied."""
    console.print(Text("Written:"))
    for file in sorted(file for file in folder.iterdir() if file.is_file()):
        console.print(Text(f"  {file}"), soft_wrap=True)


def point_text(point: tuple[float, float, float] | list[float]) -> str:
    """A point as ``--at`` takes it."""
    return ",".join(f"{value:.1f}" for value in point)
