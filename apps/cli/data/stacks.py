"""``nodulescope data stacks``: training data from real nodules that come as a few slices each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodulescope.apps.cli.options import Quiet, is_quiet
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.errors import InputError, UsageError

if TYPE_CHECKING:
    from nodulescope.bundles.contracts import CTVolume, LungMask

EPILOG = """Example:

nodulescope data stacks lidc/nodules --crops lidc/crops --headers luna16/headers_888.csv --host LIDC-IDRI-0002/dicom
--host-patient LIDC-IDRI-0002 --lesion 57,72,-101,45 -o training

nodulescope train nodule_grading --datalist training/cubes/datalist_fold0.json

nodulescope train nodule_detection --datalist training/scans/scans.json"""

LOOKED_AT = 0.3
"""Candidates of the detector with at least this score are worth being taught as mistakes."""


def stacks(
    context: typer.Context,
    nodules: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with nodules.csv and nodules_64x64.npz.")],
    host: Annotated[
        Path,
        typer.Option(
            metavar="STUDY", help="A real chest CT whose lungs surround the nodules. It only ever trains: choose one scan for good."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Gets cubes/ (outline, grading) and scans/ (detection).")],
    host_patient: Annotated[str, typer.Option(metavar="ID", help="The host's patient, whose own nodules are left out.")] = "",
    lesion: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y,Z,D", help="A lesion of the host: centre in LPS mm and diameter. Nothing is set there. Repeatable."),
    ] = None,
    crops: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder with nodule_crops.npz and ratings.csv.")] = None,
    headers: Annotated[Path | None, typer.Option(metavar="CSV", help="Spacing by series, for stacks whose own row leaves it out.")] = None,
    scans: Annotated[int, typer.Option(min=0, help="Copies of the host with other nodules set in, for detection.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Draws places and mirror images.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Turn nodules of a few slices into cubes and scans of real tissue, split by patient.

    cubes/datalist_fold0.json to datalist_fold4.json hold the same cubes with one fifth of the patients for validation each;
    scans/scans.json holds patients of folds 1 to 4 only.
    """
    from nodulescope.bundles.data.blended_datalist import write_blended_scans
    from nodulescope.bundles.data.cube_datalist import CubeDatalist
    from nodulescope.bundles.data.host_scan import host_scan
    from nodulescope.bundles.data.nodule_crops import read_nodule_crops
    from nodulescope.bundles.data.nodule_cubes import write_nodule_cubes
    from nodulescope.bundles.data.nodule_stacks import read_nodule_stacks

    shown = not is_quiet(context, quiet)
    needed = [nodules / "nodules.csv", nodules / "nodules_64x64.npz"]
    needed += [crops / "ratings.csv", crops / "nodule_crops.npz"] if crops else []
    for file in needed:
        if not file.is_file():
            raise InputError(f"{file}: there is no such file")
    lesions = [_lesion(text) for text in lesion or ()]
    ct, lungs, candidates = _searched(host)
    tissue = host_scan(ct, lungs, lesions)
    mistakes = _mistakes(candidates, tissue)
    known = list(read_nodule_stacks(nodules, headers))
    whole = list(read_nodule_crops(crops)) if crops else []
    cubes = CubeDatalist(out / "cubes")
    with counting_progress("Setting nodules into lung", len(known) + len(whole), shown=shown) as done:
        for number in write_nodule_cubes(cubes, known, whole, tissue, host_patient or host.name, mistakes, seed=seed):
            if number % 100 == 0:
                done(number)
    written = [cubes.write(), *cubes.write_folds(), out / "scans" / "scans.json"]
    with counting_progress("Making scans", scans + len(whole) // 8, shown=shown) as done:
        for number in write_blended_scans(out / "scans", known, whole, tissue, host_patient or host.name, scans, seed=seed):
            done(number)
    if shown:
        typer.echo("\n".join(str(path) for path in written))


def _lesion(text: str) -> tuple[tuple[float, float, float], float]:
    try:
        x, y, z, diameter = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--lesion {text}: write X,Y,Z,D in mm, for example 57,72,-101,45") from error
    return (x, y, z), diameter


def _searched(host: Path) -> tuple[CTVolume, LungMask, Sequence[Any]]:
    """The host, its lungs by threshold and fill, and what the shipped detector finds in it."""
    from nodulescope.bundles.data.classical_lungs import classical_lung_mask
    from nodulescope.operators.models import open_models
    from nodulescope.operators.reading import read_ct

    ct = read_ct(host)
    lungs = classical_lung_mask(ct)
    return ct, lungs, open_models({}, "auto", (1.0,)).detection(ct, lungs)


def _mistakes(candidates: Sequence[Any], tissue: Any) -> list[Any]:
    """Voxels of the host where the detector sees a nodule although there is none."""
    import numpy as np

    from nodulescope.bundles.coordinates import swap_ras_lps, world_to_index
    from nodulescope.bundles.data.nodule_cubes import FREE_OF_NODULES_MM

    places = [world_to_index(swap_ras_lps(tissue.affine_ras), c.center_lps_mm) for c in candidates if c.score >= LOOKED_AT]
    return [p for p in places if all(np.linalg.norm(p - center) > radius + FREE_OF_NODULES_MM for center, radius in tissue.lesions)]
