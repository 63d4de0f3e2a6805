"""What an evaluation is run on: a datalist with one set of weights, or several such pairs that are pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodulescope.bundles.errors import UsageError

if TYPE_CHECKING:
    from nodulescope.bundles.predictors import Bundle

Datalist = Annotated[Path | None, typer.Option(metavar="FILE", help="MONAI datalist whose part is measured.")]
Weights = Annotated[Path | None, typer.Option(metavar="FILE", help="Weights to measure in place of the bundle's own.")]
Runs = Annotated[
    list[str] | None,
    typer.Option(
        "--run", metavar="DATALIST=WEIGHTS", help="One of several datalists with its weights, such as a fold; all are pooled. Repeatable."
    ),
]
Part = Annotated[str, typer.Option(metavar="NAME", help="Part of the datalist: validation or test. None of its patients may train.")]
BundleFolder = Annotated[Path | None, typer.Option("--bundle", metavar="DIR", help="Folder of another bundle for the same stage.")]
Only = Annotated[str, typer.Option(metavar="PATTERN", help="Only images whose file names fit, for example 'crop_*'.")]
LeastReaders = Annotated[int, typer.Option(min=1, help="Leave out nodules that fewer readers rated.")]
Batch = Annotated[int, typer.Option(min=1, help="Cubes at once.")]
Draws = Annotated[int, typer.Option(min=0, help="Draws of the bootstrap over patients; 0 gives no intervals.")]
Title = Annotated[str, typer.Option(metavar="TEXT", help="What is measured on what, for reports and model cards.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Folder for metrics.json, cases.csv and plots."),
]

DRAWS = 1000
"""As ``metrics.bootstrap.DRAWS``; here once more, so that ``--help`` loads no NumPy."""


@dataclass(frozen=True)
class Selection:
    """Which cases of a datalist are measured.

    Attributes:
        part: part of the datalist.
        only: pattern of file names.
        least_readers: how many must have rated a nodule.
    """

    part: str
    only: str
    least_readers: int


@dataclass(frozen=True)
class EvaluationRun:
    """One datalist with its weights; None for the bundle's own."""

    datalist: Path
    weights: Path | None = None


def chosen_runs(
    datalist: Path | None, weights: Path | None, runs: Sequence[str] | None, answers: Sequence[Path] | None
) -> list[EvaluationRun]:
    """What the command line asks for; empty where answers are given.

    Raises:
        UsageError: none or several of ``--datalist``, ``--run`` and ``--answers`` are given, or a run is not of the form DATALIST=WEIGHTS.
    """
    if sum(bool(given) for given in (datalist, runs, answers)) != 1:
        raise UsageError("give one of --datalist FILE, --run DATALIST=WEIGHTS (repeatable) and --answers FILE (repeatable)")
    if weights is not None and datalist is None:
        raise UsageError("--weights belongs to --datalist; write --run DATALIST=WEIGHTS for several")
    if datalist is not None:
        return [EvaluationRun(datalist, weights)]
    return [_parse(text) for text in runs or ()]


def run_settings(runs: Sequence[EvaluationRun], bundles: Sequence[Bundle]) -> dict[str, Any]:
    """What was measured, for the report: names of files without their folders, and hashes."""
    weights = [run.weights.name if run.weights else "the bundle's own" for run in runs]
    return {
        "bundles": sorted({f"{bundle.name} {bundle.version}" for bundle in bundles}),
        "datalists": [run.datalist.name for run in runs],
        "weights": weights,
        "weights_sha256": [bundle.sha256 for bundle in bundles],
    }


def own_title(title: str, runs: Sequence[EvaluationRun], answers: Sequence[Path] | None, part: str) -> str:
    """The title that was given, else the datalists' names."""
    if title:
        return title
    names = dict.fromkeys(run.datalist.name for run in runs) or dict.fromkeys(file.name for file in answers or ())
    return f"{', '.join(names)}{f', {part}' if runs else ''}"


def _parse(text: str) -> EvaluationRun:
    datalist, equals, weights = text.partition("=")
    if not (datalist and equals and weights):
        raise UsageError(f"--run {text}: write DATALIST=WEIGHTS, for example cubes/datalist_fold0.json=fold0/best.pt")
    return EvaluationRun(Path(datalist).expanduser(), Path(weights).expanduser())
