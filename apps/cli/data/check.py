"""``nodulescope data check``: a datalist held against the annotation rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from nodulescope.apps.cli.options import AsJson, Quiet, is_quiet
from nodulescope.apps.cli.plain_table import plain_table
from nodulescope.apps.cli.progress import counting_progress
from nodulescope.bundles.data.annotation_rules import LEAST_READERS, Severity
from nodulescope.bundles.errors import InputError

if TYPE_CHECKING:
    from nodulescope.bundles.data.annotation_check import CheckResult

EPILOG = """Examples:

nodulescope data check lidc/scans.json

nodulescope data check cubes/datalist.json --json | jq .counts

nodulescope data check scans.json --least-readers 2

Ends with 0 when training can use the datalist (warnings and notes are only listed) and with 3 when an error would spoil it. The rules are
written out in bundles/data/docs/annotation-rules.md."""

Datalist = Annotated[
    Path, typer.Argument(metavar="DATALIST", help="A datalist of whole scans (scans.json) or of cubes (cubes/datalist.json).")
]
LeastReaders = Annotated[
    int, typer.Option("--least-readers", min=1, metavar="N", help="Readers who must agree for a finding to count as a nodule.")
]


def check(
    context: typer.Context,
    datalist: Datalist,
    as_json: AsJson = False,
    least_readers: LeastReaders = LEAST_READERS,
    quiet: Quiet = False,
) -> None:
    """List everything in a datalist that breaks the annotation rules, one line each, then how often each rule is broken."""
    quiet = is_quiet(context, quiet)
    result = check_datalist(datalist, least_readers, shown=not quiet)
    if as_json:
        typer.echo(json.dumps(result.to_json(), indent=2))
    elif not quiet:
        print_result(result)
    refuse_errors(result)


def check_datalist(datalist: Path, least_readers: int, *, shown: bool) -> CheckResult:
    """Check all items of a datalist.

    Args:
        datalist: the file.
        least_readers: agreement that makes a finding a nodule.
        shown: whether to show progress.

    Raises:
        InputError: there is no such datalist, or it is none.
    """
    from nodulescope.bundles.data.annotation_check import CheckResult, Violation, examine_all, list_items

    items = list_items(datalist)
    violations: list[Violation] = []
    annotations = 0
    with counting_progress("Checking items", len(items), shown=shown) as done:
        for number, examined in enumerate(examine_all(items, least_readers=least_readers), 1):
            violations += examined.violations
            annotations += len(examined.places)
            done(number)
    return CheckResult(str(datalist), len(items), annotations, least_readers, tuple(violations))


def print_result(result: CheckResult) -> None:
    """One line per violation, then a table of the rules that are broken."""
    console = Console()
    for severity in Severity:
        lines = [violation.line() for violation in result.worst_first() if violation.rule.severity is severity]
        if lines:
            console.print(Text(f"{severity.capitalize()}s", style="bold"))
        for line in lines:
            typer.echo(line)
    if result.violations:
        table = plain_table("Rules that are broken", {"Rule": "left", "Means": "left", "Times": "right", "": "left"})
        for rule, count in result.counts.items():
            table.add_row(rule.value, rule.severity.value, str(count), rule.text)
        console.print(table)
    severities = ", ".join(counted(result.of(severity), severity.value) for severity in Severity)
    console.print(Text(f"{counted(result.items, 'item')} with {counted(result.annotations, 'annotation')}: {severities}.", style="bold"))


def refuse_errors(result: CheckResult) -> None:
    """End with exit status 3 where training would break.

    Raises:
        InputError: the result holds errors.
    """
    errors = result.of(Severity.ERROR)
    if errors:
        raise InputError(
            f"{result.datalist}: {counted(errors, 'error')} would spoil training; correct the items that are named, then check again"
        )


def counted(number: int, word: str) -> str:
    """A number and what it counts: ``1 item``, ``2 items``."""
    return f"{number} {word}{'' if number == 1 else 's'}"
