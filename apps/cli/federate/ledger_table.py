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
    table = plain_table(title, {name: "left" if name in ("site", "why absent") else "right" for name in COLUMNS})
    for row in rows(ledger):
        table.add_row(*row)
    console.print(table)
    if ledger.best is not None and ledger.key_metric:
        best = ledger.global_metric[ledger.best]
        console.print(f"Best weights: after round {ledger.best}, {ledger.key_metric} {best:.4f} on all sites' validation cases")
