"""``nodulescope federate stats``: how different the sites are, before anything is trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from nodulescope.apps.cli.options import AsJson, Quiet, is_quiet
from nodulescope.apps.cli.plain_table import plain_table
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.errors import InputError, UsageError

if TYPE_CHECKING:
    from nodulescope.federated.statistics.difference import Statistics

EPILOG = """Examples:

nodulescope federate stats --sites sites.yaml -o differences

nodulescope federate stats --kit kits/lead@example.org --site hospital-north --site hospital-south -o differences

nodulescope federate stats --sites sites.yaml --json | jq .differences

Each site counts its own scans: Hounsfield units, spacing, slice thickness, nodules and their sizes. Histograms, means and numbers of
patients are all that leaves it, and nothing of fewer than five patients. DIR then holds statistics.html and statistics.json.

A site that did not answer is named, and the exit status is 3."""

LEAST = 5


def stats(
    context: typer.Context,
    sites: Annotated[Path | None, typer.Option(metavar="FILE", help="Site file: the sites are counted on this machine.")] = None,
    kit: Annotated[Path | None, typer.Option(metavar="DIR", help="Your startup kit as a lead: the sites count at their hospitals.")] = None,
    site: Annotated[
        list[str] | None, typer.Option("--site", metavar="NAME", help="With --kit: a site that is expected. Repeatable.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the report.")] = Path("runs/statistics"),
    least_patients: Annotated[int, typer.Option(min=LEAST, metavar="N", help="Tell nothing of fewer patients.")] = LEAST,
    timeout: Annotated[int, typer.Option(min=1, metavar="S", help="Longest time that a site may take, in s.")] = 3600,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare the data of several sites without moving any of it."""
    from nodulescope.federated.statistics.difference import read_statistics
    from nodulescope.federated.statistics.report import write_report

    quiet = is_quiet(context, quiet)
    with counting_progress("Counting at the sites", 1, shown=not quiet) as done:
        told = _count(sites, kit, site or [], output / "work", least_patients, timeout)
        done(1)
    statistics = read_statistics(told)
    report = write_report(statistics, output)
    if not statistics.absent:
        shutil.rmtree(output / "work", ignore_errors=True)
    if as_json:
        typer.echo(json.dumps(statistics.to_json(), indent=2))
    elif not quiet:
        _print(statistics)
        typer.echo(f"Report: {report}")
    if statistics.absent:
        why = "; ".join(f"{name}: {reason}" for name, reason in statistics.absent.items())
        raise InputError(f"statistics are incomplete ({why})")


def _count(sites: Path | None, kit: Path | None, names: list[str], work: Path, least_patients: int, timeout: int) -> Path:
    from nodulescope.federated.sites.site_file import read_site_file
    from nodulescope.federated.statistics.running import count_at_hospitals, count_here

    if kit is None and sites is None:
        raise UsageError("name the sites with --sites FILE, or your startup kit with --kit DIR and the sites with --site NAME")
    described = [] if sites is None else read_site_file(sites)
    if kit is None:
        return count_here(described, work, least_patients, timeout)
    return count_at_hospitals([*names, *(one.name for one in described)], kit, work, least_patients, timeout)


def _print(statistics: Statistics) -> None:
    from nodulescope.federated.statistics.features import FEATURES
    from nodulescope.federated.statistics.report import sentence

    names = sorted(statistics.sites)
    table = plain_table("Mean ± standard deviation", {"": "left", **dict.fromkeys(names, "right")})
    for feature in FEATURES:
        values = [statistics.sites[name][feature.name] for name in names]
        table.add_row(feature.title, *(f"{v['mean']:.3g} ± {v['spread']:.2g}" if v["patients"] else "not told" for v in values))
    console = Console()
    console.print(table)
    console.print(sentence(statistics))
