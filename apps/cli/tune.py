"""``nodulescope tune``: magnifications, overlap and thresholds, chosen on labelled scans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from nodulescope.apps.cli.options import AsJson, Bundles, Device, Quiet, is_quiet, parse_bundles, parse_magnifications
from nodulescope.apps.cli.plain_table import plain_table
from nodulescope.apps.cli.progress import counting_progress

if TYPE_CHECKING:
    from nodulescope.operators.models import Models
    from nodulescope.operators.tuning.labelled_scans import LabelledScans
    from nodulescope.operators.tuning.sweep import OperatingPoint

EPILOG = """Examples:

nodulescope tune scans.json -o tuned

nodulescope tune scans.json -o tuned --magnifications 1 --magnifications 1,2 --false-positives 1

nodulescope analyze study/ -o result --settings tuned/settings.yaml

Every setting that has at most so many false positives per scan competes; the one that finds most nodules wins, then the one with fewer
false positives, then the one with fewer magnifications. A finding hits a nodule when the centre of its outline lies within the nodule's
radius (LUNA16's rule); boxes of the datalist that are to be ignored count neither way. The networks run once per scan and magnification;
given again, the command goes on where it stopped. Figures on the scans that chose a setting flatter it: measure it on others."""

DEFAULT_SETS = ("1", "1,1.5", "1,1.5,2")
SETTINGS_FILE = "settings.yaml"


def tune(
    context: typer.Context,
    labelled: Annotated[Path, typer.Argument(metavar="LABELLED", help="Datalist of scans with boxes, as the detector is trained on.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for settings.yaml, the trade-off and what was found.")],
    part: Annotated[str, typer.Option(metavar="NAME", help="Part of the datalist; never one that a report will quote.")] = "validation",
    magnifications: Annotated[
        list[str] | None,
        typer.Option(metavar="M,M,...", help="A set of magnifications to try. Repeatable.", show_default="1; 1,1.5; 1,1.5,2"),
    ] = None,
    false_positives: Annotated[float, typer.Option(min=0.0, help="False positives per scan that are allowed.")] = 4.0,
    bundle: Bundles = None,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Choose the application's magnifications, overlap and thresholds on labelled scans.

    Writes settings.yaml, which `nodulescope analyze --settings` reads, and tradeoff.svg, tradeoff.png and tradeoff.csv: nodules found,
    false positives and seconds per scan of every setting.
    """
    from nodulescope.apps.nodule_ct.settings import Settings
    from nodulescope.operators.models import open_models
    from nodulescope.operators.tuning.choice import choose, write_settings
    from nodulescope.operators.tuning.labelled_scans import read_labelled_scans
    from nodulescope.operators.tuning.trade_off import write_trade_off

    shown = not (is_quiet(context, quiet) or as_json)
    sets = [Settings(magnifications=parse_magnifications(text)).magnifications for text in magnifications or DEFAULT_SETS]
    bundles = {stage: folder.resolve() for stage, folder in parse_bundles(bundle).items()}
    scans = read_labelled_scans(labelled, part)
    models = open_models(bundles, device)
    points = _try_settings(scans, models, sets, out, shown=shown)
    chosen = choose(points, false_positives)
    written = write_trade_off(points, chosen, false_positives, out)
    write_settings(out / SETTINGS_FILE, chosen, false_positives, scans, models.provenance, bundles)
    counts = {"part": part, "scans": len(scans.items), "nodules": scans.nodules, "settings_tried": len(points)}
    if as_json:
        typer.echo(json.dumps({**asdict(chosen), **counts}))
    elif shown:
        _print(points, chosen, false_positives, f"part {part!r}: scans {len(scans.items)}, nodules {scans.nodules}")
        for file in (out / SETTINGS_FILE, *written):
            typer.echo(str(file))


def _try_settings(
    scans: LabelledScans, models: Models, sets: Sequence[tuple[float, ...]], out: Path, *, shown: bool
) -> list[OperatingPoint]:
    from nodulescope.operators.tuning.collection import collect
    from nodulescope.operators.tuning.sweep import Grid, sweep

    records, points, grid = [], [], Grid(tuple(sets))
    every = sorted({m for one in sets for m in one})
    with counting_progress("Looking at the labelled scans", len(scans.items), shown=shown) as done:
        for number, record in collect(scans.items, models, every, out / "scans"):
            records.append(record)
            done(number)
    with counting_progress("Trying settings", len(grid), shown=shown) as done:
        for number, some in enumerate(sweep(records, scans.truths, grid), 1):
            points.extend(some)
            done(number)
    return points


def _print(points: Sequence[OperatingPoint], chosen: OperatingPoint, false_positives: float, basis: str) -> None:
    from nodulescope.operators.tuning.choice import best_by_magnifications
    from nodulescope.operators.tuning.trade_off import spoken_magnifications

    title = f"Best with at most {false_positives:g} false positives per scan ({basis})"
    headings = ("Magn.", "Found", "False/scan", "s/scan", "Overlap", "Score", "Weight", "Probab.", "")
    table = plain_table(title, dict.fromkeys(headings, "right"))
    for point in best_by_magnifications(points, false_positives):
        setting = point.thresholds
        table.add_row(
            spoken_magnifications(point.magnifications),
            f"{100 * point.sensitivity:.1f} %",
            f"{point.false_positives:.2f}",
            f"{point.seconds:.0f}",
            f"{point.overlap:g}",
            f"{setting.detection_score:g}",
            f"{setting.detector_weight:g}",
            f"{setting.nodule_probability:g}",
            "chosen" if point == chosen else "",
        )
    Console().print(table)
