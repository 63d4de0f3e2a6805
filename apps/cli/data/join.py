"""``nodulescope data join``: several datalists as one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.options import Quiet, is_quiet

EPILOG = """Examples:

nodulescope data join real/cubes/datalist_fold0.json --training-only phantoms/cubes/datalist.json -o both.json

nodulescope train nodule_segmentation --datalist both.json

No file is copied: the joined datalist names the same ones. A patient who would train by one datalist and be measured by another ends the
command."""


def join(
    context: typer.Context,
    datalists: Annotated[list[Path], typer.Argument(metavar="DATALIST...", help="Datalists of one kind; each keeps its split.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The joined datalist.")],
    training_only: Annotated[
        list[Path] | None,
        typer.Option(metavar="DATALIST", help="One whose validation items train too, such as phantoms beside real scans. Repeatable."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Put datalists together, to train on all of their items."""
    from nodulescope.bundles.data.joined_datalist import join_datalists
    from nodulescope.operators.examination.whole_file import whole_file

    parts = join_datalists(out.parent, datalists, training_only or ())
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(out) as file:
        file.write_text(json.dumps(parts, indent=1), encoding="utf-8")
    if not is_quiet(context, quiet):
        typer.echo(f"{out}: " + ", ".join(f"{len(items)} for {part}" for part, items in parts.items()))
