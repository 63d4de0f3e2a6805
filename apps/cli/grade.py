"""``nodulescope grade``: ratings of places that a person points at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from nodulescope.apps.cli.findings_table import point_text
from nodulescope.apps.cli.options import AsJson, Bundles, Device, Quiet, Series, Source, is_quiet, parse_bundles, parse_point
from nodulescope.apps.cli.plain_table import plain_table
from nodulescope.apps.cli.progress import stage_progress
from nodulescope.bundles.errors import UsageError

if TYPE_CHECKING:
    from nodulescope.bundles.contracts import CTVolume, Grade
    from nodulescope.bundles.predictors import Bundle

EPILOG = """Examples:

nodulescope grade study/ --at -61.5,20,-143

nodulescope grade scan.nii.gz --at 40,12.5,-90 --at -55,30,-120 --json

The points are DICOM patient coordinates in mm, as in findings.json and in DICOM viewers. NIfTI viewers
show RAS: change the signs of X and Y."""

STAGE = "nodule_grading"
Point = tuple[float, float, float]


def grade(
    context: typer.Context,
    source: Source,
    at: Annotated[
        list[str],
        typer.Option("--at", metavar="X,Y,Z", help="Centre of a nodule in LPS mm: to the left, to the back, to the head. Repeatable."),
    ],
    bundle: Bundles = None,
    device: Device = "auto",
    series: Series = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Grade the nodules at given points: nodule or not, malignancy 1 to 5, and the other LIDC ratings."""
    from nodulescope.bundles.predictors import GradingPredictor, choose_device, find_bundle, open_bundle
    from nodulescope.operators.reading import read_ct

    quiet = is_quiet(context, quiet)
    points = [parse_point(text) for text in at]
    replaced = parse_bundles(bundle)
    if set(replaced) - {STAGE}:
        raise UsageError(f"--bundle: grading uses the stage {STAGE} only")
    with stage_progress(("reading", "loading_the_bundle", "grading"), shown=not (quiet or as_json)) as progress:
        progress("reading")
        ct = read_ct(source, series_uid=series)
        require_inside(ct, points)
        progress("loading_the_bundle")
        opened = open_bundle(find_bundle(STAGE, replaced.get(STAGE)), STAGE, choose_device(device))
        predictor = GradingPredictor(opened)
        progress("grading")
        grades = predictor(ct, points)
    if as_json:
        typer.echo(json.dumps(grades_to_json(ct, opened, points, grades), indent=2, ensure_ascii=False))
    elif not quiet:
        Console().print(grades_table(points, grades))


def require_inside(ct: CTVolume, points: Sequence[Point]) -> None:
    """Refuse points outside of the scan.

    Raises:
        UsageError: names the point, and the box that the scan covers.
    """
    import itertools

    import numpy as np

    from nodulescope.bundles.coordinates import index_to_world, world_to_index

    size = np.asarray(ct.shape)
    for point in points:
        index = world_to_index(ct.affine_lps, point)
        if (index < -0.5).any() or (index > size - 0.5).any():
            corners = index_to_world(ct.affine_lps, list(itertools.product(*((0, n - 1) for n in ct.shape))))
            low, high = (point_text(tuple(edge)) for edge in (corners.min(axis=0), corners.max(axis=0)))
            raise UsageError(f"--at {point_text(point)}: lies outside of the scan, which reaches from {low} to {high} (LPS mm)")


def grades_to_json(ct: CTVolume, bundle: Bundle, points: Sequence[Point], grades: Sequence[Grade]) -> dict[str, Any]:
    """The answer for machines; keys and rounding as in ``findings.json``."""
    return {
        "input": {"kind": ct.source.kind, "series_instance_uid": ct.source.series_instance_uid or None, **ct.describe()},
        "models": [{"stage": bundle.stage, "bundle": bundle.name, "version": bundle.version, "sha256": bundle.sha256 or None}],
        "grades": [
            {
                "center_lps_mm": list(point),
                "probability": round(grade.probability, 4),
                "malignancy": round(grade.malignancy, 2),
                "malignancy_probability": round(grade.malignancy_probability, 4),
                "attributes": {name: round(value, 4) for name, value in grade.attributes.items()},
            }
            for point, grade in zip(points, grades, strict=True)
        ],
    }


def grades_table(points: Sequence[Point], grades: Sequence[Grade]) -> Table:
    """One column per point: there are more ratings than points."""
    table = plain_table("Grades", {"Rating": "left"} | {point_text(point) + " " * n: "right" for n, point in enumerate(points)})
    table.add_row("nodule", *(f"{g.probability:.0%}" for g in grades))
    table.add_row("malignancy (1 to 5)", *(f"{g.malignancy:.1f}" for g in grades))
    table.add_row("malignancy above 3", *(f"{g.malignancy_probability:.0%}" for g in grades))
    for name in grades[0].attributes:
        share = name == "calcification"
        table.add_row(name, *(f"{g.attributes[name]:.0%}" if share else f"{g.attributes[name]:.1f}" for g in grades))
    return table
