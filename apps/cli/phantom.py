"""``nodulescope phantom``: chest CTs with exact truth, from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.options import Quiet, is_quiet
from nodulescope.apps.cli.phantom_study import write_phantom_pair, write_phantom_study
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.errors import UsageError

EPILOG = """Examples:

nodulescope phantom -o phantoms --scans 3

nodulescope analyze phantoms/phantom_00000 -o result

nodulescope phantom -o pairs --follow-up

nodulescope analyze pairs/phantom_00000/later -o result --prior pairs/phantom_00000/earlier

nodulescope phantom -o training --scans 60 --datalist

nodulescope train nodule_detection --datalist training/scans.json"""


def phantom(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the phantoms; one folder for each is made in it.")],
    scans: Annotated[int, typer.Option(min=1, help="How many to make, each of another patient on another scanner.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Number of the first phantom; the same number gives the same bytes.")] = 0,
    follow_up: Annotated[
        bool,
        typer.Option(
            "--follow-up",
            help="Scan each patient twice, a year apart, into earlier/ and later/: another breath, position, scanner, nodules that grow, "
            "shrink, come and go. A nodule has the same id in both truths.",
        ),
    ] = False,
    datalist: Annotated[
        bool,
        typer.Option(
            "--datalist",
            help="Make training data instead: scans of 1 mm with many nodules, and the datalists scans.json (lungs, detection) and "
            "cubes/datalist.json (outlines, grading). An interrupted run goes on where it stopped.",
        ),
    ] = False,
    balanced: Annotated[
        bool,
        typer.Option(
            "--balanced",
            help="With --datalist: 18 nodules in each scan, every kind and size as frequent as the others, to learn outlines from.",
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Make synthetic chest CTs as DICOM series, with exact truth.

    For each: a folder with dicom/, truth.json (every nodule's place, size, kind and ratings), lungs.nii.gz and nodules.nii.gz (label maps
    on the grid of the DICOM series).
    """
    from nodulescope.bundles.data.balanced_phantom import balanced_phantom
    from nodulescope.bundles.data.phantom_datalist import write_phantom_datalists
    from nodulescope.bundles.data.phantoms import make_phantom, make_phantom_pair

    if follow_up and datalist:
        raise UsageError("--follow-up makes studies and --datalist makes training data; give one of them")
    if balanced and not datalist:
        raise UsageError("--balanced is about training data; give --datalist too")
    shown = not is_quiet(context, quiet)
    with counting_progress("Making phantoms", scans, shown=shown) as done:
        if datalist:
            for number in write_phantom_datalists(out, scans, seed=seed, make=balanced_phantom if balanced else None):
                done(number)
        else:
            for number in range(scans):
                folder = out / f"phantom_{seed + number:05d}"
                if follow_up:
                    write_phantom_pair(make_phantom_pair(seed + number), folder)
                else:
                    write_phantom_study(make_phantom(seed + number), folder)
                done(number + 1)
    if shown:
        written = (
            [out / "scans.json", out / "cubes" / "datalist.json"] if datalist else [out / f"phantom_{seed + n:05d}" for n in range(scans)]
        )
        for path in written:
            typer.echo(str(path))
