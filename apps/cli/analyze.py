"""``nodulescope analyze``: a chest CT in, findings out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nodulescope.apps.cli.findings_table import findings_summary, print_files
from nodulescope.apps.cli.options import AsJson, Bundles, Device, Quiet, Series, Source, is_quiet, parse_bundles, parse_magnifications
from nodulescope.apps.cli.progress import stage_progress

EPILOG = """Examples:

nodulescope analyze study/ -o result

nodulescope analyze scan.nii.gz -o result --magnifications 1,1.5,2

nodulescope analyze study.zip -o result --bundle nodule_detection=~/zoo/lung_nodule_ct_detection --json

Exit status: 0 done, 2 usage, 3 the input cannot be analysed, 4 a bundle cannot be loaded or trusted. Research use only."""


def analyze(
    context: typer.Context,
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results. They appear whole or not at all.")],
    bundle: Bundles = None,
    device: Device = "auto",
    magnifications: Annotated[
        str,
        typer.Option(
            metavar="M,M,...",
            help="Search through voxels this many times as large. 1 finds nodules; 1,1.5,2 takes longer and finds masses too.",
        ),
    ] = "1",
    series: Series = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find, measure, grade and report the lung nodules on a chest CT.

    Writes findings.json and report.html, and for DICOM input segmentation.dcm and measurements.dcm.
    """
    from nodulescope.apps.nodule_ct.chain import STAGE_NAMES, Settings
    from nodulescope.apps.nodule_ct.chain import analyze as analyze_ct
    from nodulescope.operators.examination.findings_json import examination_to_findings

    quiet = is_quiet(context, quiet)
    settings = Settings(parse_bundles(bundle), device, parse_magnifications(magnifications), series)
    with stage_progress(STAGE_NAMES, shown=not (quiet or as_json)) as progress:
        examination = analyze_ct(source, out, settings, progress)
    if as_json:
        typer.echo((out / "findings.json").read_text(encoding="utf-8"), nl=False)
    elif not quiet:
        console = Console()
        console.print(findings_summary(examination_to_findings(examination)))
        print_files(console, out)
