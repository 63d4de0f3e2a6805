"""``nodulescope evaluate detection``: the LUNA16 evaluation of a detector's marks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from nodulescope.apps.cli.options import AsJson, Quiet, is_quiet
from nodulescope.apps.cli.plain_table import plain_table
from nodulescope.apps.cli.progress import counting_progress

if TYPE_CHECKING:
    from nodulescope.bundles.metrics.froc import ScanMarks
    from nodulescope.bundles.metrics.froc_evaluation import FrocEvaluation

EPILOG = """Examples:

nodulescope evaluate detection --annotations annotations.csv --excluded annotations_excluded.csv --series seriesuids.csv --marks marks.csv

nodulescope evaluate detection --datalist scans.json --part validation --detections OUT -o result

nodulescope evaluate detection ... --json | jq .cpm

OUT is where the bundle's inference.yaml wrote what it found in the same part of the datalist: its docs/README.md has the command.
The tables are LUNA16's: seriesuid,coordX,coordY,coordZ and diameter_mm or probability; coordinates in mm as DICOM has them (LPS).
A mark hits a nodule when it lies within its radius. Of several marks on a nodule the best counts; marks on excluded findings count neither
way. CPM is the mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives per scan."""

LUNA16_MARKS, LUNA16_RESAMPLES = 100, 1000
"""As ``metrics.froc.MOST_MARKS_PER_SCAN`` and ``metrics.froc_bootstrap.RESAMPLES``; here once more, so that ``--help`` loads no NumPy."""


def detection(
    context: typer.Context,
    annotations: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The nodules to be found: seriesuid,coordX,coordY,coordZ,diameter_mm.")
    ] = None,
    series: Annotated[Path | None, typer.Option(metavar="FILE", help="The scans to evaluate, one series per line.")] = None,
    marks: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The detector's marks: seriesuid,coordX,coordY,coordZ,probability.")
    ] = None,
    excluded: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Findings that count neither way. Without it every mark beside a nodule is false.")
    ] = None,
    datalist: Annotated[
        Path | None, typer.Option(metavar="FILE", help="In place of the tables: a MONAI datalist of scans with their boxes.")
    ] = None,
    part: Annotated[str, typer.Option(metavar="NAME", help="Part of the datalist.")] = "validation",
    detections: Annotated[
        Path | None, typer.Option(metavar="DIR", help="What the bundle found in these scans: NAME_detections.json of each.")
    ] = None,
    max_marks: Annotated[
        int, typer.Option(min=0, help="Marks of one scan that count, the most suspicious ones; 100 is LUNA16's rule, 0 lets all count.")
    ] = LUNA16_MARKS,
    bootstrap: Annotated[
        int, typer.Option(min=0, help="Test sets drawn from the scans for the 95 % intervals; 1000 is LUNA16's rule, 0 draws none.")
    ] = LUNA16_RESAMPLES,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap; the same seed gives the same intervals.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for froc.json, froc.csv, froc_curve.csv, froc.png and froc.svg."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Evaluate a detector's marks by the LUNA16 protocol: FROC curve, sensitivities and CPM with bootstrap intervals."""
    from nodulescope.bundles.metrics.froc_evaluation import evaluate_froc

    quiet = is_quiet(context, quiet)
    if datalist is not None and detections is not None and not (annotations or series or marks or excluded):
        scans, known = _detected(datalist, part, detections)
    elif annotations is not None and series is not None and marks is not None and datalist is None and detections is None:
        scans, known = _tabulated(annotations, series, marks, excluded)
    else:
        raise typer.BadParameter("give either --annotations, --series and --marks, or --datalist and --detections")
    with counting_progress("Drawing test sets", bootstrap, shown=bool(bootstrap) and not (quiet or as_json)) as progress:
        evaluation = evaluate_froc(scans, most_marks=max_marks or None, resamples=bootstrap, seed=seed, progress=progress)
    summary = {**evaluation.to_json(), **known}
    if out is not None:
        write_evaluation(evaluation, summary, out)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    elif not quiet:
        print_evaluation(summary, out)


def _tabulated(annotations: Path, series: Path, marks: Path, excluded: Path | None) -> tuple[Sequence[ScanMarks], dict[str, Any]]:
    from nodulescope.bundles.metrics.froc_tables import read_marked_scans

    read = read_marked_scans(annotations, series, marks, excluded)
    return read.scans, {"excluded_findings_given": excluded is not None, "findings_of_other_scans": read.findings_elsewhere}


def _detected(datalist: Path, part: str, detections: Path) -> tuple[Sequence[ScanMarks], dict[str, Any]]:
    from nodulescope.bundles.nodule_detection.detected_scans import read_detected_scans

    return read_detected_scans(datalist, part, detections), {"excluded_findings_given": True, "findings_of_other_scans": 0}


def write_evaluation(evaluation: FrocEvaluation, summary: Mapping[str, Any], folder: Path) -> None:
    """Write the figures, the curve as it is drawn, the curve at every threshold, and the pictures; each file whole or not at all."""
    from nodulescope.bundles.metrics.froc_plot import plot_froc
    from nodulescope.bundles.metrics.froc_tables import write_curve, write_sensitivities
    from nodulescope.operators.examination.whole_file import whole_file

    folder.mkdir(parents=True, exist_ok=True)
    curve = evaluation.curve
    ends = _interval_text(summary["cpm_interval"])
    label = f"CPM {summary['cpm']:.3f}" + (f" ({ends})" if ends else "")
    for picture in ("png", "svg"):
        with whole_file(folder / f"froc.{picture}") as path:
            plot_froc(curve.values, curve.lower, curve.upper, path, label=label, picture=picture)
    with whole_file(folder / "froc.csv") as path:
        write_sensitivities(curve.rates, curve.values, curve.lower, curve.upper, path)
    with whole_file(folder / "froc_curve.csv") as path:
        write_curve(evaluation.ranked, path)
    with whole_file(folder / "froc.json") as path:
        path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def print_evaluation(summary: Mapping[str, Any], out: Path | None) -> None:
    """Print the figures as a table, and what a reader must know to judge them."""
    console = Console()
    table = plain_table("LUNA16 evaluation", {"False positives per scan": "right", "Sensitivity": "right", "95 % interval": "right"})
    for point in summary["sensitivities"]:
        table.add_row(f"{point['false_positives_per_scan']:g}", f"{point['sensitivity']:.3f}", _interval_text(point["interval"]))
    table.add_section()
    table.add_row("CPM", f"{summary['cpm']:.3f}", _interval_text(summary["cpm_interval"]), style="bold")
    console.print(table)
    found = f"{summary['nodules_found']} of {summary['nodules']} nodules found in {summary['scans']} scans with {summary['marks']} marks"
    on_excluded, doubles = summary["marks_on_excluded_findings_ignored"], summary["double_marks_ignored"]
    lines = [
        f"{found}; {summary['false_positives']} false positives.",
        f"Ignored: {on_excluded} marks on excluded findings, {doubles} second marks on a nodule.",
    ]
    if summary["scans_without_marks"]:
        lines.append(f"Scans without any mark: {summary['scans_without_marks']}.")
    if summary["findings_of_other_scans"]:
        lines.append(f"Left out: {summary['findings_of_other_scans']} findings of scans that are not evaluated.")
    if not summary["excluded_findings_given"]:
        lines.append("Note: without --excluded, marks on findings that LUNA16 excludes count as false positives.")
    if out is not None:
        lines.append(f"Written: {out}")
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def _interval_text(ends: list[float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
