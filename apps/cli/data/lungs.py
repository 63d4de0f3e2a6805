"""``nodulescope data lungs``: real scans with lung labels, to train the lung network on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodulescope.apps.cli.options import Quiet, is_quiet
from nodulescope.apps.cli.progress import counting_progress

if TYPE_CHECKING:
    from nodulescope.bundles.contracts import CTVolume

EPILOG = """Example:

nodulescope data lungs LIDC-IDRI-0001 LIDC-IDRI-0002 --join phantoms/scans.json -o lungs

Look at the pictures lungs/*.png, remove from lungs/scans.json what is labelled wrongly, then

nodulescope train lung_segmentation --datalist lungs/scans.json"""


def lungs(
    context: typer.Context,
    studies: Annotated[list[Path], typer.Argument(metavar="STUDY...", help="Chest CTs, one patient each, named after their folder.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Gets the scans at 1 mm, their labels, a picture of each, scans.json.")
    ],
    join: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Datalist of scans to take along. Repeatable.")] = None,
    quiet: Quiet = False,
) -> None:
    """Label the lungs of real scans by threshold and fill.

    The labels come from no network, so they can train one; but they follow the threshold into every consolidation: look at each picture.
    """
    from nodulescope.bundles.data.lung_datalist import write_lung_datalist
    from nodulescope.operators.reading import read_ct

    def scans() -> Iterator[tuple[str, CTVolume]]:
        for study in studies:
            yield study.name, read_ct(study)

    shown = not is_quiet(context, quiet)
    with counting_progress("Labelling lungs", len(studies), shown=shown) as done:
        for number in write_lung_datalist(out, scans(), join or ()):
            done(number)
    if shown:
        typer.echo(str(out / "scans.json"))
