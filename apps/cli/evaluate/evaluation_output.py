"""Reports of evaluations on the screen and in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer
from rich.console import Console
from rich.text import Text

from nodulescope.apps.cli.plain_table import plain_table

if TYPE_CHECKING:
    from nodulescope.bundles.metrics.evaluation_report import EvaluationReport, FigureTable, PlotFile

Place = Callable[[str], Path]


def write_evaluation(
    report: EvaluationReport, folder: Path, write_cases: Callable[[TextIO], None], draw: Callable[[Place], tuple[PlotFile, ...]]
) -> EvaluationReport:
    """Write ``metrics.json``, ``cases.csv`` and plots: all of them, or none where one fails.

    Args:
        report: without plots.
        folder: made if missing.
        write_cases: writes the table of cases.
        draw: draws the plots where it is told to.

    Returns:
        The report with its plots.
    """
    from nodulescope.operators.examination.whole_file import whole_file

    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        drawn = replace(report, plots=draw(lambda name: files.enter_context(whole_file(folder / name))))
        table = files.enter_context(whole_file(folder / "cases.csv"))
        with table.open("w", newline="", encoding="utf-8") as stream:
            write_cases(stream)
        metrics = files.enter_context(whole_file(folder / "metrics.json"))
        metrics.write_text(json.dumps(drawn.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return drawn


def show_evaluation(report: EvaluationReport, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Print the report as JSON, or its tables, or nothing."""
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False))
    elif not quiet:
        console = Console()
        console.print(Text(report.title, style="bold"), soft_wrap=True)
        for table in report.tables:
            print_table(console, table)
        for text in report.definitions:
            console.print(Text(text))
        if out is not None:
            console.print(Text(f"Written: {out}"), soft_wrap=True)


def adding(done: Callable[[int], None]) -> Callable[[int], None]:
    """Turn a progress bar, which is told how many are done, into one that is told how many more."""
    finished = 0

    def add(more: int) -> None:
        nonlocal finished
        finished += more
        done(finished)

    return add


def print_table(console: Console, figures: FigureTable) -> None:
    """One row per figure: value and 95 % interval for each of those who are compared."""
    table = plain_table(figures.title, {"": "left"} | {name + " " * n: "left" for n, name in enumerate(figures.columns.values())})
    for row in figures.rows:
        table.add_row(row.name, *(row.text(column) for column in figures.columns))
    console.print(table)
