"""``nodulescope analyze``: a chest CT in, findings out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nodulescope.apps.cli.findings_table import print_files, print_findings
from nodulescope.apps.cli.options import (
    DEVICE_HELP,
    AsJson,
    Bundles,
    History,
    Language,
    NoPrior,
    Prior,
    Quiet,
    Series,
    Source,
    is_quiet,
    parse_bundles,
    parse_magnifications,
)
from nodulescope.apps.cli.progress import stage_progress
from nodulescope.bundles.errors import UsageError

EPILOG = """Examples:

nodulescope analyze study/ -o result

nodulescope analyze scan.nii.gz -o result --magnifications 1,1.5,2

nodulescope analyze study/ -o result --prior study-of-last-year/ --history patient.yaml --language zh

nodulescope analyze study/ -o result --prior result-of-last-year/findings.json

nodulescope analyze study.zip -o result --bundle nodule_detection=~/zoo/lung_nodule_ct_detection --json

Exit status: 0 done, 2 usage, 3 the input cannot be analysed, 4 a bundle cannot be loaded or trusted. Research use only."""


def analyze(
    context: typer.Context,
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results. They appear whole or not at all.")],
    bundle: Bundles = None,
    device: Annotated[str | None, typer.Option("--device", metavar="NAME", help=DEVICE_HELP, show_default="auto")] = None,
    magnifications: Annotated[
        str | None,
        typer.Option(
            metavar="M,M,...",
            help="Search through voxels this many times as large. 1 finds nodules; 1,1.5,2 takes longer and finds masses too.",
            show_default="1",
        ),
    ] = None,
    settings_file: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", help="YAML file in the form of the application's app.yaml; other options win over it."),
    ] = None,
    series: Series = None,
    prior: Prior = None,
    no_prior: NoPrior = False,
    history: History = None,
    language: Language = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find, measure, grade and report the lung nodules on a chest CT, with what Lung-RADS, Fleischner and BTS recommend.

    Writes report.html, report.pdf and findings.json, and for DICOM input segmentation.dcm (SEG), measurements.dcm (SR), report.dcm (the
    PDF) and key-image-1.dcm and so on, one for each nodule. With a prior it says what is new, has grown, shrunk or gone, and how fast.
    """
    from nodulescope.apps.nodule_ct.chain import STAGE_NAMES
    from nodulescope.apps.nodule_ct.chain import analyze as analyze_ct
    from nodulescope.apps.nodule_ct.settings import read_settings
    from nodulescope.operators.examination.findings_json import examination_to_findings
    from nodulescope.operators.guidelines.history_file import read_history
    from nodulescope.operators.results import result_files

    if prior is not None and no_prior:
        raise UsageError("--prior and --no-prior contradict each other; give one of them")
    quiet = is_quiet(context, quiet)
    settings = read_settings(settings_file)
    settings = replace(
        settings,
        bundles={**settings.bundles, **parse_bundles(bundle)},
        device=device or settings.device,
        magnifications=parse_magnifications(magnifications) if magnifications else settings.magnifications,
        series_uid=series or settings.series_uid,
        history=read_history(history) if history else settings.history,
        prior=None if no_prior else prior or settings.prior,
        compare_older=settings.compare_older and not no_prior,
        language=language or settings.language,
    )
    with stage_progress(STAGE_NAMES, shown=not (quiet or as_json)) as progress:
        examination = analyze_ct(source, out, settings, progress)
    if as_json:
        typer.echo((out / "findings.json").read_text(encoding="utf-8"), nl=False)
    elif not quiet:
        console = Console()
        print_findings(console, examination_to_findings(examination))
        print_files(console, result_files(out))
