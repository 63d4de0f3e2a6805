"""``nodulescope demo``: a phantom study through the whole chain, its findings beside the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nodulescope.apps.cli.options import Device, Quiet, is_quiet
from nodulescope.apps.cli.phantom_study import write_phantom_study
from nodulescope.apps.cli.plain_table import plain_table
from nodulescope.apps.cli.progress import stage_progress
from nodulescope.apps.cli.truth_matching import Match, match_findings

if TYPE_CHECKING:
    from nodulescope.bundles.data.phantoms import PhantomScan

EPILOG = """Examples:

nodulescope demo

nodulescope demo -o /tmp/demo --seed 7"""

DEMO_STAGE = "making_a_phantom"


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the study, its truth and the analysis.")] = Path(
        "demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Another number shows another patient.")] = 0,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Make a chest CT with known nodules, analyse it, and compare. Needs no data and no network.

    Shows what was found, what was missed and what was found where nothing is: nothing is hidden.
    """
    from nodulescope.apps.nodule_ct.chain import STAGE_NAMES, analyze
    from nodulescope.apps.nodule_ct.settings import read_settings
    from nodulescope.operators.examination.findings_json import examination_to_findings

    quiet = is_quiet(context, quiet)
    study, result = out / f"phantom_{seed:05d}", out / f"analysis_{seed:05d}"
    with stage_progress((DEMO_STAGE, *STAGE_NAMES), shown=not quiet) as progress:
        progress(DEMO_STAGE)
        scan = demo_phantom(seed)
        series = write_phantom_study(scan, study)
        findings = examination_to_findings(analyze(series, result, replace(read_settings(), device=device), progress))
    if quiet:
        return
    console = Console()
    matches = match_findings(scan.truth_dict()["nodules"], findings["nodules"])
    console.print(comparison_table(matches))
    console.print(Text(comparison_line(matches), style="bold"))
    console.print(lung_table(scan.lung_volumes_ml(), findings["lungs"]["volume_ml"]))
    console.print(Text(f"Analysed in {sum(findings['timings_s'].values()):.0f} s."))
    for what, path in (("Report", result / "report.html"), ("Study", series), ("Truth", study / "truth.json")):
        console.print(Text(f"{what}: {path.resolve()}"), soft_wrap=True)


def demo_phantom(seed: int) -> PhantomScan:
    """A chest CT in slices of 2 mm, to be quick, with nodules of every kind and at every place."""
    from nodulescope.bundles.data.phantoms import NoduleSpec, Scanner, make_phantom

    nodules = (
        NoduleSpec("solid", 15.0, sphericity=0.7, lobulation=0.5, spiculation=0.7),
        NoduleSpec("part-solid", 18.0),
        NoduleSpec("ground-glass", 13.0),
        NoduleSpec("solid", 9.0, place="vessel"),
        NoduleSpec("solid", 8.0, place="pleura"),
        NoduleSpec("calcified", 6.0, sphericity=0.95, lobulation=0.0),
    )
    return make_phantom(seed, scanner=Scanner((0.8, 0.8, 2.0), 2.0, "standard", 18.0), nodules=nodules)


def comparison_table(matches: Sequence[Match]) -> Table:
    """Truth on the left, findings on the right, one line for each nodule and for each false finding.

    mm is the mean diameter, Mal. the malignancy from 1 to 5; narrow enough for 80 columns.
    """
    truth = {"Truth": "left", "mm": "right", "Mal.": "right"}
    table = plain_table(
        "Findings beside the phantom's truth",
        {**truth, " ": "left", "Found as": "left", "mm ": "right", "Mal. ": "right", "Off by": "right"},
    )
    for match in matches:
        table.add_row(*_truth_cells(match.truth), _verdict(match), *_finding_cells(match.finding, match.distance_mm))
    return table


def comparison_line(matches: Sequence[Match]) -> str:
    """How many were found, missed, and found where nothing is."""
    nodules = sum(match.truth is not None for match in matches)
    found = sum(match.distance_mm is not None for match in matches)
    extra = sum(match.truth is None for match in matches)
    return f"Found {found} of {nodules} nodules; {nodules - found} missed, {extra} false."


def lung_table(truth_ml: Mapping[str, float], measured_ml: Mapping[str, float]) -> Table:
    """Lung volumes beside the truth."""
    table = plain_table("Lung volumes", {"Lung": "left", "Truth ml": "right", "Measured ml": "right", "Difference": "right"})
    for side in ("right", "left", "total"):
        table.add_row(side, f"{truth_ml[side]:.0f}", f"{measured_ml[side]:.0f}", f"{measured_ml[side] / truth_ml[side] - 1:+.1%}")
    return table


def _truth_cells(nodule: Mapping[str, Any] | None) -> tuple[str, str, str]:
    if nodule is None:
        return "", "", ""
    return (
        f"{nodule['kind']}, {nodule['place']}",
        f"{nodule['mean_diameter_mm']:.1f}",
        f"{nodule['ratings']['malignancy']:.1f}",
    )


def _finding_cells(nodule: Mapping[str, Any] | None, distance_mm: float | None) -> tuple[str, ...]:
    if nodule is None:
        return "", "", "", ""
    return (
        f"{nodule['id']} {nodule['type']}",
        f"{nodule['mean_diameter_mm']:.1f}",
        f"{nodule['malignancy']:.1f}",
        "" if distance_mm is None else f"{distance_mm:.1f} mm",
    )


def _verdict(match: Match) -> Text:
    if match.finding is None:
        return Text("missed", style="bold red")
    return Text("false", style="yellow") if match.truth is None else Text("found", style="green")
