"""``nodulescope federate experiment``: what a federation gains, on phantom hospitals, from nothing."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from nodulescope.apps.cli.options import AsJson, Quiet, is_quiet
from nodulescope.apps.cli.plain_table import plain_table
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.errors import UsageError

if TYPE_CHECKING:
    from nodulescope.federated.experiment.study import BundleResult

EPILOG = """Examples:

nodulescope federate experiment -o experiment

nodulescope federate experiment --task grading --rounds 4 --share 0.3

nodulescope federate experiment --json | jq .nodule_grading.share_of_gain

Four phantom hospitals differ in slice thickness, kernel, dose, nodules and number of cases. For grading and for detection a small network
is trained by each of them alone, on all data pooled, and in federations with FedAvg and SCAFFOLD, for the same number of epochs from the
same first weights, and measured on test cases of all hospitals. DIR then holds experiment.json and the plots. An interrupted experiment
goes on when the command is given again."""

TASKS = {"grading": "nodule_grading", "detection": "nodule_detection"}


def experiment(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for data, models, figures.")] = Path(
        "runs/experiment"
    ),
    task: Annotated[list[str] | None, typer.Option("--task", metavar="NAME", help="grading or detection; both without it.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of a federation.")] = 10,
    local_epochs: Annotated[int, typer.Option(min=1, help="Epochs that each hospital trains in a round.")] = 2,
    share: Annotated[float, typer.Option(min=0.05, max=4.0, help="Of the hospitals' usual number of cases.")] = 1.0,
    tested: Annotated[int, typer.Option(min=1, metavar="N", help="Test blocks of each hospital.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Of data and first weights.")] = 1,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare hospitals alone, pooled data and federations on phantoms, and measure what a round sends."""
    from nodulescope.federated.experiment.hospital_data import blocks_of, write_hospital_data
    from nodulescope.federated.experiment.hospitals import HOSPITALS
    from nodulescope.federated.experiment.payload import payloads
    from nodulescope.federated.experiment.plots import plot_models, plot_payloads
    from nodulescope.federated.experiment.study import FEDERATED, run_study
    from nodulescope.federated.experiment.training import Recipe

    quiet = is_quiet(context, quiet)
    bundles = _bundles(task)
    blocks = sum(sum(blocks_of(hospital, share, tested).values()) for hospital in HOSPITALS)
    with counting_progress("Making the hospitals' patients", blocks, shown=not quiet) as done:
        data = write_hospital_data(output / f"data-{seed}", HOSPITALS, share=share, tested=tested, seed=seed, done=done)
    results: dict[str, Any] = {}
    logging.disable(logging.CRITICAL)  # the trainers' own reports of each epoch
    for bundle in bundles:
        recipe = Recipe(bundle, rounds, local_epochs, seed)
        with counting_progress(f"Training {bundle}", len(HOSPITALS) + 1 + len(FEDERATED), shown=not quiet) as done:
            result = run_study(recipe, data, output / f"{bundle}-{seed}", done, FEDERATED)
        plot_models(result, output / f"{bundle}.png")
        results[bundle] = result
    sizes = payloads()
    plot_payloads(sizes, output / "payload.png")
    content = {name: result.to_json() for name, result in results.items()}
    content["payload_bytes"] = {size.bundle: {"plain": size.total, "scaffold_adds": size.scaffold} for size in sizes}
    (output / "experiment.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(content, indent=2))
    elif not quiet:
        for result in results.values():
            _print(result)
        typer.echo(f"Figures and plots: {output}")


def _bundles(tasks: list[str] | None) -> list[str]:
    for task in tasks or ():
        if task not in TASKS:
            raise UsageError(f"--task {task}: choose grading or detection")
    return [bundle for name, bundle in TASKS.items() if not tasks or name in tasks]


def _print(result: BundleResult) -> None:
    from nodulescope.federated.experiment.study import FEDERATED

    key = next(iter(result.models.values())).key_metric
    table = plain_table(result.bundle, {"Model": "left", key: "right", "Share of pooled gain": "right", "kB per round and site": "right"})
    for name, model in result.models.items():
        federated = name in FEDERATED
        share = f"{100 * result.share_of_gain(name):.0f} %" if federated else ""
        table.add_row(name, f"{model.score:.3f}", share, f"{model.bytes_per_round / 1000:.0f}" if federated else "")
    table.add_row("mean of local models", f"{result.local_mean:.3f}", "", "")
    Console().print(table)
