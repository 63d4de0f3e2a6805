"""The ledger as a table that people read."""

from __future__ import annotations

from pathlib import Path

from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.ledger.participation import Participation

FILE = "participation.md"
COLUMNS = ("round", "site", "cases", "steps", "seconds", "MB down", "MB up", "metric", "loss", "why absent")
MEGABYTE = 1_000_000


def rows(ledger: Ledger) -> list[tuple[str, ...]]:
    """One row per round and site, in the order of :data:`COLUMNS`."""
    return [(str(number), site, *_cells(part)) for number, sites in sorted(ledger.rounds.items()) for site, part in sorted(sites.items())]


def write_table(ledger: Ledger, folder: Path) -> Path:
    """Write the ledger as a Markdown table, whole or not at all."""
    settings = ledger.settings
    lines = [
        f"# Participation: run {settings.run}, {ledger.status.value.upper()}",
        "",
        f"{settings.bundle}, {settings.algorithm}, {len(ledger.rounds)} of {settings.rounds} rounds, {len(settings.sites)} sites.",
        *([f"{ledger.why}."] if ledger.why else []),
        "",
        _line(COLUMNS),
        _line(["---"] * len(COLUMNS)),
        *(_line(row) for row in rows(ledger)),
    ]
    if ledger.refusals:
        lines += ["", "Sites that did not begin:", ""]
        lines += [f"- {site}: {reason.value}" for site, reason in sorted(ledger.refusals.items())]
    if ledger.late:
        lines += ["", "Answers that came too late to be used:", "", *(f"- round {number}: {site}" for number, site in ledger.late)]
    lines += _evaluation(ledger)
    file = folder / FILE
    beside = file.with_suffix(".part")
    beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    beside.replace(file)
    return file


def _cells(part: Participation) -> tuple[str, ...]:
    if part.reason is not None:
        return ("", "", "", "", "", "", "", part.reason.value)
    numbers = (part.cases, part.steps, f"{part.seconds:.1f}", f"{part.bytes_down / MEGABYTE:.2f}", f"{part.bytes_up / MEGABYTE:.2f}")
    return (*map(str, numbers), _number(part.metric), _number(part.loss), "")


def _evaluation(ledger: Ledger) -> list[str]:
    """The evaluation at the end: rows are weights, columns are the sites on whose cases they were measured."""
    if not ledger.evaluation:
        return []
    sites = sorted(ledger.settings.sites)
    lines = [
        "",
        f"## {ledger.key_metric} at the end",
        "",
        "Rows: weights. Columns: the site on whose validation cases they were measured.",
        "",
    ]
    lines += [_line(["weights", *sites]), _line(["---"] * (len(sites) + 1))]
    for name, at in ledger.evaluation.items():
        lines.append(_line([name, *(_number(at.get(site, {}).get(ledger.key_metric)) for site in sites)]))
    return lines


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
