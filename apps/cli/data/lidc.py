"""``nodulescope data lidc``: LIDC-IDRI as datalists."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodulescope.apps.cli.options import Quiet, is_quiet
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.errors import InputError, UsageError

if TYPE_CHECKING:
    from nodulescope.bundles.data.lidc.scans import LeftOut, LidcScan

EPILOG = """Examples:

nodulescope data lidc LIDC-IDRI -o lidc

nodulescope data lidc LIDC-IDRI -o lidc --folds 5 --jobs 8

nodulescope train nodule_detection --datalist lidc/scans.json

DIR is searched for CT series (DICOM) and for the readers' XML files, beside the images or in a .zip as it was downloaded; what belongs
together is decided by the UIDs in them. An interrupted run goes on where it stopped."""

SHOWN_EVERY = 100
"""Readings between two steps of the progress: hundreds are read in a second."""


def lidc(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="LIDC-IDRI as it is published, or part of it.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for scans at 1 mm and datalists.")],
    agreement: Annotated[
        float, typer.Option(max=1.0, help="Share of a nodule's readers that must count a voxel in: above 0, at most 1.")
    ] = 0.5,
    readers: Annotated[
        int, typer.Option(min=1, max=4, help="A nodule is to be found if at least so many readers marked it; others count neither way.")
    ] = 3,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2, help="Write scans_fold0.json and so on, each with another share of the patients for validation.", show_default=False
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Scans that are read side by side, each by a process of some 3 GB; 0 is one per processor core.")
    ] = 1,
    quiet: Quiet = False,
) -> None:
    """Turn LIDC-IDRI into datalists with a 1 mm cache.

    The readers' outlines are grouped into nodules and brought to a consensus; every reader's ratings are kept. scans.json is split by
    patient into training (folds 2 to 4 of 5), validation (fold 1) and test (fold 0, which the shipped weights were not trained on
    either); --folds writes k folds instead. Masses, micronodules and nodules of too few readers become boxes that neither train nor count.
    What had to be left out, and why, is in left_out.csv.
    """
    from nodulescope.bundles.data.lidc.datalists import FinishedScan, cache_lidc_scans, write_lidc_datalists
    from nodulescope.bundles.data.lidc.scans import LeftOut

    if agreement <= 0:
        raise UsageError(f"--agreement {agreement}: write a share above 0 and up to 1, for example 0.5")
    shown = not is_quiet(context, quiet)
    jobs = jobs or os.cpu_count() or 1
    scans, left_out, radiographs = _found(folder, jobs, shown=shown)
    finished: list[FinishedScan] = []
    with counting_progress("Bringing scans to 1 mm", len(scans), shown=shown) as done:
        for number, (scan, result) in enumerate(cache_lidc_scans(scans, out, agreement=agreement, jobs=jobs), 1):
            if isinstance(result, FinishedScan):
                finished.append(result)
            else:
                left_out.append(LeftOut(str(result), scan.series.series_uid, scan.series.patient))
            done(number)
    written = write_lidc_datalists(finished, left_out, out, least_readers=readers, folds=folds)
    if not shown:
        return
    typer.echo(f"{written.scans} scans with {written.nodules} nodules to be found and {written.ignored} that count neither way")
    if radiographs:
        typer.echo(f"Ignored: {radiographs} XML files that read chest radiographs")
    if left_out:
        typer.echo(f"Left out: {len(left_out)} series or files; {out / 'left_out.csv'} says why")
    for file in written.files:
        typer.echo(str(file))


def _found(folder: Path, jobs: int, *, shown: bool) -> tuple[Sequence[LidcScan], list[LeftOut], int]:
    """Scans below a folder, what of it is none, and the number of readings of radiographs.

    Raises:
        InputError: there is no CT series, or no reading of one.
    """
    from nodulescope.bundles.data.lidc.scans import count_readings, list_files, pair, read_headers, read_readings
    from nodulescope.bundles.data.scan_cache import each_in_processes

    files = list_files(folder)
    total = count_readings(files.readings)
    with counting_progress("Reading XML files", total, shown=shown) as done:
        readings = read_readings(files.readings, lambda count: done(count) if count % SHOWN_EVERY == 0 or count == total else None)
    if not readings.markings and not readings.left_out:
        raise InputError(f"{folder}: holds no XML file of readers' marks; put the archive of XML files that LIDC-IDRI publishes into it")
    headers, left_out = [], []
    with counting_progress("Reading headers, folder by folder", len(files.images), shown=shown) as done:
        for number, (_, result) in enumerate(each_in_processes(read_headers, files.images, jobs), 1):
            if isinstance(result, InputError):
                raise result
            headers.extend(result[0])
            left_out.extend(result[1])
            done(number)
    if not headers:
        raise InputError(f"{folder}: holds no CT series; name the folder that LIDC-IDRI was downloaded to")
    scans, unpaired = pair(headers, readings)
    return scans, [*left_out, *unpaired], readings.radiographs
