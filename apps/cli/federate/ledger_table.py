"""The participation ledger on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from nodulescope.apps.cli.plain_table import plain_table

if TYPE_CHECKING:
    from nodulescope.federated.ledger.ledger import Ledger


def print_ledger(ledger: Ledger) -> None:
    """Print one row per round and site, and the evaluation at the end."""
    from nodulescope.federated.ledger.table import COLUMNS, rows

    console = Console()
    title = f"Run {ledger.settings.run}: {ledger.status.value}"
    columns = COLUMNS[:-1]  # a reason fits no narrow column
    table = plain_table(title, {name: "left" if name == "site" else "right" for name in columns})
    for column in table.columns:
        column.no_wrap = True  # hospitals' names often differ in their ends only
    absent = []
    for row in rows(ledger):
        if row[-1]:
            absent.append(f"Round {row[0]} without {row[1]}: {row[-1]}")
        else:
            table.add_row(*row[:-1])
    if ledger.rounds:
        console.print(table)
    for line in absent:
        console.print(line)
    if ledger.best is not None and ledger.key_metric:
        best = ledger.global_metric[ledger.best]
        console.print(f"Best weights: after round {ledger.best}, {ledger.key_metric} {best:.4f} on all sites' validation cases")
