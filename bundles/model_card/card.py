"""Writing a bundle's model card and metadata from evaluations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nodulescope.bundles.errors import BundleError, InputError
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport, read_report
from nodulescope.bundles.model_card.eval_metrics import with_eval_metrics
from nodulescope.bundles.model_card.figures_block import figures_block, with_figures
from nodulescope.bundles.model_card.froc_report import froc_report, is_froc
from nodulescope.bundles.training.metadata import WEIGHTS

LARGEST_PICTURE = 60_000
"""Bytes: cards lie in the repository, and pictures there stay for ever."""

PICTURE_PREFIX = "figures-"
"""Begins the names of pictures that this module writes into ``docs``, and of no others."""


@dataclass(frozen=True)
class Evaluation:
    """A report and the folder that holds its pictures."""

    report: EvaluationReport
    folder: Path


def read_evaluation(file: Path, title: str = "") -> Evaluation:
    """Read a ``metrics.json`` or a ``froc.json``.

    Args:
        file: one of them; its pictures lie beside it.
        title: what was measured on what, in place of the evaluation's own title.

    Raises:
        InputError: neither of them.
    """
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        values = None  # read_report tells what is wrong
    report = froc_report(file, "Detection") if is_froc(values) else read_report(file)
    return Evaluation(replace(report, title=title) if title else report, file.parent)


def write_model_card(bundle: Path, evaluations: Sequence[Evaluation]) -> list[Path]:
    """Put figures, pictures and metrics into a bundle; the same evaluations give the same bytes again.

    Args:
        bundle: its folder.
        evaluations: in the order in which they shall stand.

    Returns:
        The written files. Pictures of earlier evaluations are removed.

    Raises:
        BundleError: the bundle has no card with marks, or no metadata.
        InputError: a picture is missing or too large.
    """
    docs, metadata_file = bundle / "docs", bundle / "configs" / "metadata.json"
    card_file = docs / "README.md"
    for needed in (card_file, metadata_file):
        if not needed.is_file():
            raise BundleError(f"{needed}: is not there; name a bundle's folder with its model card and metadata")
    names = [picture_names(number, evaluation.report) for number, evaluation in enumerate(evaluations)]
    pictures = {
        name: _picture(evaluation.folder / plot.file)
        for evaluation, own in zip(evaluations, names, strict=True)
        for plot, name in zip(evaluation.report.plots, own, strict=True)
    }
    reports = [evaluation.report for evaluation in evaluations]
    metadata = json.loads(metadata_file.read_text(encoding="utf-8"))
    shipped = metadata.get("weights", {}).get(WEIGHTS, {}).get("sha256", "")
    card = with_figures(card_file.read_text(encoding="utf-8"), figures_block(reports, names, shipped), card_file)
    metadata = with_eval_metrics(metadata, reports)
    contents = {docs / name: content for name, content in pictures.items()}
    contents[card_file] = card.encode()
    contents[metadata_file] = (json.dumps(metadata, indent=4, ensure_ascii=False) + "\n").encode()
    for file, content in contents.items():
        _replace(file, content)
    for stale in docs.glob(f"{PICTURE_PREFIX}*"):
        if stale.name not in pictures:
            stale.unlink()
    return list(contents)


def picture_names(number: int, report: EvaluationReport) -> list[str]:
    """What a report's pictures are called in ``docs``."""
    return [f"{PICTURE_PREFIX}{number + 1}-{report.kind}-{Path(plot.file).name}" for plot in report.plots]


def _picture(file: Path) -> bytes:
    if not file.is_file():
        raise InputError(f"{file}: this picture of the evaluation is missing; evaluate again with -o")
    content = file.read_bytes()
    if len(content) > LARGEST_PICTURE:
        raise InputError(f"{file}: {len(content)} bytes are too many for a model card, at most {LARGEST_PICTURE}; evaluate again with -o")
    return content


def _replace(file: Path, content: bytes) -> None:
    beside = file.with_name(f".{file.name}.part")
    beside.write_bytes(content)
    beside.replace(file)
