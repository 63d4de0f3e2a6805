"""Evaluations as Markdown, and the place in a model card where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport, FigureTable, counted

BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"

MADE_BY = "<!-- Written by `nodulescope evaluate model-card` from the evaluations' own output: run it again instead of editing. -->"


def figures_block(reports: Sequence[EvaluationReport], pictures: Sequence[Sequence[str]], shipped: str = "") -> str:
    """Markdown of evaluations, in their order.

    Args:
        reports: what was found.
        pictures: for each report the files of its plots as they lie beside the card, in the report's order.
        shipped: SHA-256 of the bundle's own weights.
    """
    parts = [MADE_BY]
    for report, files in zip(reports, pictures, strict=True):
        parts.append(f"### {report.title}")
        parts.append(f"{counted(report.cases, 'case')} of {counted(report.patients, 'patient')}; 95 % intervals in brackets.")
        parts += [f"{table.title}\n\n{markdown_table(table)}" for table in report.tables]
        parts += [f"![{plot.caption}]({file})\n*{plot.caption}*" for plot, file in zip(report.plots, files, strict=True)]
        parts.append("\n".join(f"- {text}" for text in report.definitions))
        parts += _measured_weights([str(sha256) for sha256 in report.settings.get("weights_sha256", ()) if sha256], shipped)
    return "\n\n".join(parts)


def _measured_weights(measured: Sequence[str], shipped: str) -> list[str]:
    if not measured:
        return []
    if set(measured) == {shipped}:
        return ["Measured: the weights of this bundle."]
    begins = ", ".join(f"`{sha256[:12]}`" for sha256 in measured)
    own = "the bundle's own are among them" if shipped in measured else "the bundle's own are others"
    return [f"Measured: the weights whose SHA-256 begins with {begins}, each on patients whom it had not seen; {own}."]


def markdown_table(table: FigureTable) -> str:
    """One row per figure, one column for each of those who are compared."""
    header = ["What", *table.columns.values()]
    lines = [header, ["---"] * len(header), *([row.name, *(row.text(column) for column in table.columns)] for row in table.rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def with_figures(card: str, block: str, where: Path) -> str:
    """A model card with other figures; all the rest stays as it is.

    Args:
        card: Markdown with one pair of :data:`BEGIN` and :data:`END`.
        block: what goes between them.
        where: the card's file, for the message.

    Raises:
        BundleError: the marks are missing, doubled or in the wrong order.
    """
    before, begin, rest = card.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise BundleError(f"{where}: figures go between one line {BEGIN} and one line {END}; add them where the figures shall stand")
    return f"{before}{BEGIN}\n{block}\n{END}{after}"
