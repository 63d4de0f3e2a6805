"""How tables look on the terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table


def plain_table(title: str, columns: dict[str, str]) -> Table:
    """A table without vertical rules, so that much fits into 80 columns.

    Args:
        title: what it shows.
        columns: heading of each column, and ``"left"`` or ``"right"``; headings that occur twice are told apart by trailing spaces.
    """
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for heading, side in columns.items():
        table.add_column(heading.rstrip(), justify="left" if side == "left" else "right")
    return table
