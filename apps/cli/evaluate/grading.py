"""``nodulescope evaluate grading``: how well the network's ratings agree with radiologists'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
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
from nodulescope.bundles.errors import InputError, UsageError

if TYPE_CHECKING:
    from nodulescope.bundles.metrics.graded_cases import GradedCase
    from nodulescope.bundles.predictors import Bundle

EPILOG = """Examples:

nodulescope evaluate grading --datalist cubes/datalist.json -o result

nodulescope evaluate grading --run cubes/datalist_fold0.json=fold0/best.pt --run cubes/datalist_fold1.json=fold1/best.pt -o result

nodulescope evaluate grading --datalist cubes/datalist.json --weights best.pt --calibrate calibrated.pt

nodulescope evaluate grading --answers a/cases.csv --answers b/cases.csv --json

Truth is the mean of a nodule's readers. Beside every figure: the readers themselves, each against the mean of the others, and what the
nodule's size alone would give. Answers are tables with the columns case, patient, nodule (1 or 0), reader_malignancy (5;4;4), probability,
malignancy, malignancy_probability and, where known, run, diameter_mm, size_malignancy and slice_cnn_probability: what cases.csv is."""

STAGE = "nodule_grading"


def grading(
    context: typer.Context,
    datalist: Datalist = None,
    weights: Weights = None,
    run: Runs = None,
    answers: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A table of answers, such as the cases.csv of an earlier run. Repeatable.")
    ] = None,
    slice_cnn: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Weights of the 2-D baseline to stand beside, one for each datalist in their order. Repeatable."),
    ] = None,
    part: Part = "validation",
    bundle: BundleFolder = None,
    least_readers: LeastReaders = 3,
    only: Only = "*",
    batch: Batch = 16,
    draws: Draws = DRAWS,
    title: Title = "",
    calibrate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the weights with probabilities calibrated on these cases to FILE; for one datalist only."),
    ] = None,
    out: Out = None,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure graded nodules against their readers: agreement, ROC, calibration, with intervals over patients."""
    from nodulescope.bundles.metrics.graded_cases import write_cases
    from nodulescope.bundles.metrics.grading_plots import write_grading_plots
    from nodulescope.bundles.metrics.grading_report import grading_report

    quiet = is_quiet(context, quiet)
    shown = not (quiet or as_json)
    runs = chosen_runs(datalist, weights, run, answers)
    _require_fitting(runs, slice_cnn or (), calibrate)
    settings: dict[str, Any] = {"part": part, "least_readers": least_readers, "only": only, "draws": draws}
    if runs:
        bundles = _opened(runs, bundle, device)
        settings |= run_settings(runs, bundles)
        cases = _graded(runs, bundles, slice_cnn or (), Selection(part, only, least_readers), batch=batch, shown=shown)
        if calibrate is not None:
            settings["calibration"] = calibrated_weights(bundles[0], cases, calibrate)
    else:
        cases = read_answers(answers or (), least_readers)
    with counting_progress("Drawing patients", draws, shown=shown and draws > 0) as done:
        named = own_title(title, runs, answers, part)
        report = grading_report(cases, title=named, settings=settings, draws=draws, done=done)
    if out is not None:
        report = write_evaluation(report, out, lambda file: write_cases(cases, file), lambda place: write_grading_plots(cases, place))
    show_evaluation(report, out, as_json=as_json, quiet=quiet)


def read_answers(files: Sequence[Path], least_readers: int) -> list[GradedCase]:
    """Pool tables of answers; nodules that too few readers rated are left out.

    Raises:
        InputError: a table cannot be read, nothing is left, or a case stands in two of them.
    """
    from nodulescope.bundles.metrics.graded_cases import read_cases, require_each_once

    pooled = [case for file in files for case in read_cases(file)]
    cases = [case for case in pooled if not case.nodule or len(case.reader_malignancy) >= least_readers]
    names = ", ".join(str(file) for file in files)
    if not any(case.nodule for case in cases):
        raise InputError(f"{names}: no nodule that {least_readers} readers rated; lower --least-readers")
    require_each_once(cases, names)
    return cases


def calibrated_weights(bundle: Bundle, cases: Sequence[GradedCase], file: Path) -> dict[str, Any]:
    """Calibrate a network on cases that it did not learn from, and write its weights.

    The nodule head is calibrated only where there are places without a nodule among the cases.

    Returns:
        Scale and bias by head.
    """
    from nodulescope.bundles.metrics.grading_arrays import grading_arrays
    from nodulescope.bundles.nodule_grading.calibration import calibrate_heads, fit_platt, logits_of
    from nodulescope.bundles.training.checkpoints import save_weights

    arrays = grading_arrays(cases)
    rated = arrays.rated
    fits = {"malignant": fit_platt(logits_of(arrays.columns["probability"][rated]), arrays.votes[rated])}
    if not arrays.nodule.all():
        fits["nodule"] = fit_platt(logits_of(arrays.probability), arrays.nodule)
    network = bundle.network()
    calibrate_heads(network, fits)
    return {"sha256": save_weights(network, file), "file": file.name, **{name: asdict(fit) for name, fit in fits.items()}}


def _require_fitting(runs: Sequence[EvaluationRun], slice_cnn: Sequence[Path], calibrate: Path | None) -> None:
    if slice_cnn and len(slice_cnn) != len(runs):
        raise UsageError(f"--slice-cnn: give one file for each datalist, {len(runs)} in all, in the same order")
    if calibrate is not None and len(runs) != 1:
        raise UsageError("--calibrate: takes one network and cases that it did not learn from; give one --datalist")


def _opened(runs: Sequence[EvaluationRun], folder: Path | None, device: str) -> list[Bundle]:
    from nodulescope.bundles.metrics.evaluated_bundle import open_evaluated

    return [open_evaluated(STAGE, folder, run.weights, device) for run in runs]


def _graded(
    runs: Sequence[EvaluationRun],
    bundles: Sequence[Bundle],
    slice_cnn: Sequence[Path],
    selection: Selection,
    *,
    batch: int,
    shown: bool,
) -> list[GradedCase]:
    from nodulescope.bundles.metrics.graded_cases import require_each_once
    from nodulescope.bundles.metrics.graded_cubes import choose_cubes, fit_size, grade_cubes, slice_cnn_probabilities, with_size_ratings

    least, part, only = selection.least_readers, selection.part, selection.only
    chosen = [choose_cubes(run.datalist, part, least_readers=least, only=only) for run in runs]
    total = sum(len(items) for items in chosen)
    pooled: list[GradedCase] = []
    with counting_progress("Grading", total * (2 if slice_cnn else 1), shown=shown) as done:
        add = adding(done)
        for number, (run, items, opened) in enumerate(zip(runs, chosen, bundles, strict=True)):
            cases = grade_cubes(opened, items, run.datalist, run=number, batch=batch, done=add)
            if slice_cnn:
                beside = slice_cnn_probabilities(slice_cnn[number], items, opened.device, batch=batch, done=add)
                cases = [replace(case, slice_cnn_probability=answer) for case, answer in zip(cases, beside, strict=True)]
            pooled += with_size_ratings(cases, fit_size(run.datalist, least_readers=least))
    require_each_once(pooled, ", ".join(str(run.datalist) for run in runs))
    return pooled
