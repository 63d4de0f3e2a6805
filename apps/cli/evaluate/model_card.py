"""``nodulescope evaluate model-card``: the figures of a bundle's model card, from what evaluations wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.options import Quiet, is_quiet
from nodulescope.apps.cli.train import bundle_folder
from nodulescope.bundles.errors import UsageError

EPILOG = """Examples:

nodulescope evaluate model-card nodule_grading --metrics result/metrics.json

nodulescope evaluate model-card nodule_detection --metrics "LUNA16, ten folds=luna16/froc.json" --metrics "Phantoms=phantoms/froc.json"

Writes what stands between the marks figures:begin and figures:end of docs/README.md, the evaluations' pictures beside it, and eval_metrics
of configs/metadata.json. The same evaluations give the same files again."""


def model_card(
    context: typer.Context,
    bundle: Annotated[
        str,
        typer.Argument(metavar="BUNDLE", help="lung_segmentation, nodule_detection, nodule_segmentation, nodule_grading, or a folder."),
    ],
    metrics: Annotated[
        list[str],
        typer.Option(
            "--metrics",
            metavar="[TITLE=]FILE",
            help="The metrics.json or froc.json of an evaluation, its pictures beside it. Repeatable; the order is kept.",
        ),
    ],
    quiet: Quiet = False,
) -> None:
    """Write the figures of a bundle's model card and metadata from evaluations."""
    from nodulescope.bundles.model_card.card import read_evaluation, write_model_card

    named = [titled_file(text) for text in metrics]
    written = write_model_card(bundle_folder(bundle), [read_evaluation(file, title) for title, file in named])
    if not is_quiet(context, quiet):
        for file in written:
            typer.echo(str(file))


def titled_file(text: str) -> tuple[str, Path]:
    """Read ``TITLE=FILE`` or ``FILE``; a file that is there under the whole text is no title.

    Raises:
        UsageError: a title without a file.
    """
    if Path(text).is_file() or "=" not in text:
        return "", Path(text)
    title, _, file = text.rpartition("=")
    if not file:
        raise UsageError(f"--metrics {text}: write TITLE=FILE or FILE, for example 'LUNA16=luna16/froc.json'")
    return title.strip(), Path(file)
