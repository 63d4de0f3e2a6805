"""Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing when it is not wanted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def stage_progress(stages: Sequence[str], *, shown: bool) -> Iterator[Callable[[str], None]]:
    """Show which stage of a chain runs.

    Args:
        stages: their names, in running order; a stage that is not among them is shown all the same.
        shown: False shows nothing.

    Yields:
        A function to call with a stage's name when that stage begins.
    """
    with _bar(len(stages), shown=shown) as show:

        def begin(stage: str) -> None:
            show(stages.index(stage) if stage in stages else 0, spoken(stage))

        yield begin


@contextmanager
def counting_progress(what: str, total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Show how many of ``total`` things are done.

    Args:
        what: what is being made, for example ``"Making phantoms"``.
        total: how many there will be.
        shown: False shows nothing.

    Yields:
        A function to call with the number of finished things.
    """
    with _bar(total, shown=shown) as show:
        show(0, what)
        yield lambda done: show(done, what)


def spoken(stage: str) -> str:
    """A stage's name as people say it: ``lung_segmentation`` becomes ``Lung segmentation``."""
    return stage.replace("_", " ").capitalize().replace("Dicom", "DICOM")


@contextmanager
def _bar(total: int, *, shown: bool) -> Iterator[Callable[[int, str], None]]:
    """Yield a function that shows how far it is and what goes on."""
    if not shown:
        yield lambda _done, _what: None
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, what: print(f"[{done}/{total}] {what}", file=sys.stderr, flush=True)  # noqa: T201
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Starting", total=total)
        yield lambda done, what: progress.update(task, completed=done, description=what)
