"""``nodulescope data review``: a picture of every annotation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nodulescope.apps.cli.data.check import Datalist, LeastReaders, counted
from nodulescope.apps.cli.options import Quiet, is_quiet
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.data.annotation_rules import LEAST_READERS

EPILOG = """Examples:

nodulescope data review lidc/scans.json -o review

nodulescope data review cubes/datalist.json -o review --only-violations

Open review/index.html in a browser; no network is needed. The arrow keys go from page to page."""


def review(
    context: typer.Context,
    datalist: Datalist,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the pages; an earlier review there is replaced.")],
    least_readers: LeastReaders = LEAST_READERS,
    only_violations: Annotated[
        bool, typer.Option("--only-violations", help="Leave out annotations that break no rule, and are no mass or the like.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Draw every annotation of a datalist as pages to click through: three planes, outline, ratings, what breaks a rule first."""
    from nodulescope.bundles.data.annotation_check import examine_all, list_items
    from nodulescope.bundles.data.review import ReviewSite

    shown = not is_quiet(context, quiet)
    items = list_items(datalist)
    with (
        ReviewSite(out, datalist, least_readers, only_violations) as site,
        counting_progress("Drawing annotations", len(items), shown=shown) as done,
    ):
        for number, examined in enumerate(examine_all(items, least_readers=least_readers), 1):
            site.add(examined)
            done(number)
    if shown:
        typer.echo(f"{counted(len(site.entries), 'annotation')}: {out / 'index.html'}")
