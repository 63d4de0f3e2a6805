"""``nodulescope segment-lungs``: just the lungs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodulescope.apps.cli.lung_files import require_known_ending, write_lungs
from nodulescope.apps.cli.options import AsJson, Bundles, Device, Quiet, Series, Source, is_quiet, parse_bundles
from nodulescope.apps.cli.progress import stage_progress
from nodulescope.bundles.errors import UsageError

if TYPE_CHECKING:
    from nodulescope.bundles.contracts import LungMask
    from nodulescope.bundles.predictors import Bundle

EPILOG = """Examples:

nodulescope segment-lungs study/ -o lungs.nii.gz

nodulescope segment-lungs study/ -o lungs.dcm

nodulescope segment-lungs scan.mha -o lungs.nrrd --json"""

STAGE = "lung_segmentation"


def segment_lungs(
    context: typer.Context,
    source: Source,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="The file to write; its ending chooses the format: .nii.gz, .nii, .nrrd, .mha or .dcm (DICOM SEG).",
        ),
    ],
    bundle: Bundles = None,
    device: Device = "auto",
    series: Series = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Label the lungs on the CT's own grid: 1 the patient's right lung, 2 the left."""
    from nodulescope.bundles.predictors import LungPredictor, choose_device, find_bundle, open_bundle
    from nodulescope.operators.examination import ModelProvenance
    from nodulescope.operators.reading import read_ct

    quiet = is_quiet(context, quiet)
    require_known_ending(out)
    replaced = parse_bundles(bundle)
    if set(replaced) - {STAGE}:
        raise UsageError(f"--bundle: only the stage {STAGE} is used here")
    with stage_progress(("reading", "loading_the_bundle", STAGE, "writing"), shown=not (quiet or as_json)) as progress:
        progress("reading")
        ct = read_ct(source, series_uid=series)
        progress("loading_the_bundle")
        opened = open_bundle(find_bundle(STAGE, replaced.get(STAGE)), STAGE, choose_device(device))
        predictor = LungPredictor(opened)
        progress(STAGE)
        lungs = predictor(ct)
        progress("writing")
        write_lungs(ct, lungs, ModelProvenance(STAGE, opened.name, opened.version, opened.sha256), out)
    summary = lungs_to_json(lungs, opened, out)
    if as_json:
        typer.echo(json.dumps(summary, indent=2, ensure_ascii=False))
    elif not quiet:
        volumes = summary["volume_ml"]
        note = "" if lungs.fully_covered else " (the scan does not cover them fully)"
        typer.echo(f"Lungs: right {volumes['right']} ml, left {volumes['left']} ml, together {volumes['total']} ml{note}")
        typer.echo(f"Written: {out}")


def lungs_to_json(lungs: LungMask, bundle: Bundle, path: Path) -> dict[str, Any]:
    """The answer for machines; keys as in ``findings.json``."""
    from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG

    right, left = round(lungs.volume_ml(RIGHT_LUNG)), round(lungs.volume_ml(LEFT_LUNG))
    return {
        "file": str(path),
        "volume_ml": {"left": left, "right": right, "total": left + right},
        "fully_covered": lungs.fully_covered,
        "models": [{"stage": bundle.stage, "bundle": bundle.name, "version": bundle.version, "sha256": bundle.sha256 or None}],
    }
