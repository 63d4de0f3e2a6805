"""``nodulescope evaluate segmentation``: how well outlines and lungs agree with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodulescope.apps.cli.evaluate.evaluation_output import adding, show_evaluation, write_evaluation
from nodulescope.apps.cli.evaluate.evaluation_runs import (
    DRAWS,
    Batch,
    BundleFolder,
    Datalist,
    Draws,
    EvaluationRun,
    LeastReaders,
    Only,
    Out,
    Part,
    Runs,
    Selection,
    Title,
    Weights,
    chosen_runs,
    own_title,
    run_settings,
)
from nodulescope.apps.cli.options import AsJson, Device, Quiet, is_quiet
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.errors import InputError

if TYPE_CHECKING:
    from nodulescope.bundles.metrics.segmented_cases import SegmentedCase
    from nodulescope.bundles.predictors import Bundle

EPILOG = """Examples:

nodulescope evaluate segmentation --kind outline --datalist cubes/datalist.json -o result

nodulescope evaluate segmentation --kind outline --run cubes/datalist_fold0.json=fold0/best.pt --run cubes/datalist_fold1.json=fold1/best.pt

nodulescope evaluate segmentation --kind lungs --datalist scans.json --part test --json

Outlines are those that the application uses: what lies in the middle of the cube. Beside them: a plain threshold, and the readers, each
against the consensus of the others, where the datalist keeps their outlines (reader_labels). Beside the lungs: the classical method."""


class Kind(StrEnum):
    """What was segmented."""

    OUTLINE = "outline"
    LUNGS = "lungs"


STAGES = {Kind.OUTLINE: "nodule_segmentation", Kind.LUNGS: "lung_segmentation"}


def segmentation(
    context: typer.Context,
    kind: Annotated[Kind, typer.Option(help="Nodules in cubes, or lungs in scans.")],
    datalist: Datalist = None,
    weights: Weights = None,
    run: Runs = None,
    answers: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="The cases.csv of an earlier run, to be pooled with others. Repeatable.")
    ] = None,
    part: Part = "validation",
    bundle: BundleFolder = None,
    least_readers: LeastReaders = 3,
    only: Only = "*",
    batch: Batch = 8,
    draws: Draws = DRAWS,
    title: Title = "",
    out: Out = None,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure outlines or lungs: Dice, surface distances and volumes, with intervals over patients."""
    from nodulescope.bundles.metrics.evaluated_bundle import open_evaluated
    from nodulescope.bundles.metrics.segmentation_plots import write_segmentation_plots
    from nodulescope.bundles.metrics.segmentation_report import segmentation_report
    from nodulescope.bundles.metrics.segmented_cases import write_cases

    quiet = is_quiet(context, quiet)
    shown = not (quiet or as_json)
    runs = chosen_runs(datalist, weights, run, answers)
    settings: dict[str, Any] = {"kind": kind.value, "part": part, "only": only, "draws": draws}
    if kind == Kind.OUTLINE:
        settings["least_readers"] = least_readers
    if runs:
        bundles = [open_evaluated(STAGES[kind], bundle, each.weights, device) for each in runs]
        settings |= run_settings(runs, bundles)
        measure = _outlines if kind == Kind.OUTLINE else _lungs
        cases = measure(runs, bundles, Selection(part, only, least_readers), batch=batch, shown=shown)
    else:
        cases = read_answers(answers or (), kind)
    require_each_once(cases)
    with counting_progress("Drawing patients", draws, shown=shown and draws > 0) as done:
        named = own_title(title, runs, answers, part)
        report = segmentation_report(cases, title=named, settings=settings, draws=draws, done=done)
    if out is not None:
        report = write_evaluation(report, out, lambda file: write_cases(cases, file), lambda place: write_segmentation_plots(cases, place))
    show_evaluation(report, out, as_json=as_json, quiet=quiet)


def read_answers(files: Sequence[Path], kind: Kind) -> list[SegmentedCase]:
    """Pool tables of measured masks.

    Raises:
        InputError: a table cannot be read, or holds nothing of this kind.
    """
    from nodulescope.bundles.metrics.outlined_cubes import STRUCTURE
    from nodulescope.bundles.metrics.segmented_cases import read_cases

    pooled = [case for file in files for case in read_cases(file)]
    cases = [case for case in pooled if (case.structure == STRUCTURE) == (kind == Kind.OUTLINE)]
    if not cases:
        raise InputError(f"{', '.join(str(file) for file in files)}: holds nothing of the kind {kind.value}; name another table or --kind")
    return cases


def require_each_once(cases: Sequence[SegmentedCase]) -> None:
    """Refuse a pool in which a network measured one structure twice.

    Raises:
        InputError: names the case.
    """
    from nodulescope.bundles.metrics.segmented_cases import NETWORK

    known: set[tuple[str, str, str]] = set()
    for case in (case for case in cases if case.by == NETWORK):
        if (case.patient, case.case, case.structure) in known:
            raise InputError(f"{case.case}: was measured twice; pool runs whose patients are apart, such as the folds of one datalist")
        known.add((case.patient, case.case, case.structure))


def _outlines(
    runs: Sequence[EvaluationRun], bundles: Sequence[Bundle], selection: Selection, *, batch: int, shown: bool
) -> list[SegmentedCase]:
    from nodulescope.bundles.metrics.outlined_cubes import choose_outlines, outline_cubes

    least, part, only = selection.least_readers, selection.part, selection.only
    chosen = [choose_outlines(run.datalist, part, least_readers=least, only=only) for run in runs]
    with counting_progress("Outlining", sum(len(items) for items in chosen), shown=shown) as done:
        add = adding(done)
        measured = [
            outline_cubes(opened, items, run=number, batch=batch, done=add)
            for number, (items, opened) in enumerate(zip(chosen, bundles, strict=True))
        ]
    return [case for cases in measured for case in cases]


def _lungs(
    runs: Sequence[EvaluationRun], bundles: Sequence[Bundle], selection: Selection, *, batch: int, shown: bool
) -> list[SegmentedCase]:
    """Whole scans go through the network one by one, and have no readers."""
    from nodulescope.bundles.metrics.segmented_lungs import choose_scans, segment_lungs

    del batch
    chosen = [choose_scans(run.datalist, selection.part, only=selection.only) for run in runs]
    with counting_progress("Segmenting lungs", sum(len(items) for items in chosen), shown=shown) as done:
        add = adding(done)
        measured = [
            segment_lungs(opened, items, run=number, done=add) for number, (items, opened) in enumerate(zip(chosen, bundles, strict=True))
        ]
    return [case for cases in measured for case in cases]
