"""The last pages of ``report.pdf``: what was not assessed, the limits of the models, the models, the input."""

from __future__ import annotations

from reportlab.platypus import Flowable, Spacer, Table

from nodulescope.operators.report.content import ReportContent
from nodulescope.operators.report.pdf_style import QUIET, WIDTH, Pen, ruled

_SIZE = 8.0
_LABEL_SHARE = 0.24


def limits_pages(content: ReportContent, version: str, pen: Pen) -> list[Flowable]:
    """Everything after the nodules. Run times are left to the page: they differ from run to run, and the same findings give the same
    paper.
    """
    t = content.words
    story: list[Flowable] = [pen.heading(t("not_assessed.heading"))]
    story.append(_pairs(content.not_assessed, pen) if content.not_assessed else pen(t("not_assessed.none")))
    story += [pen.heading(t("limits.heading")), *(pen(f"• {limit}", _SIZE) for limit in content.limits)]
    if content.models:
        head = tuple(t(f"models.{key}") for key in ("stage", "bundle", "version", "sha256"))
        story += [pen.heading(t("models.heading")), _models(head, content.models, pen)]
    story += [pen.heading(t("input.heading")), _pairs(content.inputs, pen)]
    if content.cards:
        story += [Spacer(1, 8), pen(content.windows, 7, QUIET)]
    return [*story, Spacer(1, 3), pen(t("page.footer", version=version), 7, QUIET)]


def _pairs(rows: tuple[tuple[str, ...], ...], pen: Pen) -> Flowable:
    table = Table(
        [[pen(label, _SIZE, QUIET), pen(value, _SIZE)] for label, value in rows], [_LABEL_SHARE * WIDTH, (1 - _LABEL_SHARE) * WIDTH]
    )
    table.setStyle(ruled(head=False, tight=True))
    return table


def _models(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...], pen: Pen) -> Flowable:
    cells = [[pen(label, 7, QUIET, bold=True) for label in head], *([pen(cell, _SIZE) for cell in row] for row in rows)]
    table = Table(cells, [WIDTH / len(head)] * len(head), repeatRows=1)
    table.setStyle(ruled(tight=True))
    return table
