"""``nodulescope data luna16``: LUNA16 as datalists."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.options import Quiet, is_quiet
from nodulescope.apps.cli.progress import counting_progress

EPILOG = """Examples:

nodulescope data luna16 LUNA16 -o luna16

nodulescope data luna16 LUNA16 -o luna16 --patients PatientId_SeriesUID.csv --jobs 8

nodulescope train nodule_detection --datalist luna16/scans_fold0.json

DIR is what the archives were unpacked into: subset0 to subset9 (or some of them), annotations.csv, annotations_excluded.csv (it comes in
evaluationScript.zip) and, if there, seg-lungs-LUNA16. A kept scan takes about 40 MB. An interrupted run goes on where it stopped."""


def luna16(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="LUNA16 as it is published.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for scans at 1 mm and datalists.")],
    patients: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="LIDC-IDRI's PatientId_SeriesUID.csv (PATIENT,SERIES), so that splits agree with those of LIDC-IDRI. "
            "One that lies in DIR is found without this option.",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Scans that are read side by side, each by a process of some 3 GB; 0 is one per processor core.")
    ] = 1,
    quiet: Quiet = False,
) -> None:
    """Turn LUNA16 into datalists with a 1 mm cache.

    scans.json is split by patient into training, validation and test; in scans_foldK.json the official subset K is for validation and the
    others train. Excluded findings and masses become boxes that neither train nor count. What had to be left out, and why, is in
    left_out.csv.
    """
    from nodulescope.bundles.data.luna16.datalists import cache_luna16_scans, write_luna16_datalists
    from nodulescope.bundles.data.luna16.folder import find_luna16

    shown = not is_quiet(context, quiet)
    found = find_luna16(folder, patients)
    scans = {}
    with counting_progress("Bringing scans to 1 mm", len(found.scans), shown=shown) as done:
        for scan, result in cache_luna16_scans(found, out, jobs=jobs or os.cpu_count() or 1):
            scans[scan] = result
            done(len(scans))
    written = write_luna16_datalists(found, out, scans)
    if not shown:
        return
    typer.echo(f"{written.scans} scans with {written.nodules} nodules to be found")
    if not found.patients:
        typer.echo("Note: no list of patients was given, so each series stands for a patient of its own; see --patients.")
    if written.left_out:
        typer.echo(f"Left out: {len(written.left_out)} series; {out / 'left_out.csv'} says why")
    for file in written.files:
        typer.echo(str(file))
