"""The first page of ``report.pdf``: category, positions, facts, what to do next, the table of nodules."""

from __future__ import annotations

from reportlab.platypus import Flowable, Spacer, Table

from nodulescope.operators.report.content import ReportContent
from nodulescope.operators.report.guideline_text import GuidelineSteps
from nodulescope.operators.report.pdf_fonts import markup
from nodulescope.operators.report.pdf_pictures import ProjectionPicture
from nodulescope.operators.report.pdf_style import NOTABLE, NOTABLE_PAGE, QUIET, WIDTH, Pen, bare, boxed, ruled, tone_of

_PROJECTION_HEIGHT = 150.0
_PICTURE_SHARE = 0.52
"""Most of the width that the projections may take: those of a scan of a part of the lungs are wide, and the words need their room."""

_GAP = 8.0
_BADGE = 74.0
_LABEL = 78.0
_WHICH = 84.0
_EDGES = {"coronal": ("R", "L", "H"), "sagittal": ("A", "P", "H")}
_CELL_SIZE = 8.0


def first_page(content: ReportContent, pen: Pen) -> list[Flowable]:
    """Everything before the nodules' own blocks; runs over to further pages when there is much of it."""
    t = content.words
    story: list[Flowable] = [pen(t("page.title"), 17, bold=True)]
    if content.subtitle:
        story += [Spacer(1, 2), pen(" · ".join(content.subtitle), 9, QUIET)]
    research = Table([[pen(t("page.research"), 8, NOTABLE, bold=True)]], [WIDTH])
    research.setStyle(boxed(NOTABLE_PAGE, NOTABLE_PAGE))
    story += [Spacer(1, 5), research, Spacer(1, 8), _verdict(content, pen)]
    story += [pen.heading(t("next.heading")), *_next_steps(content.first.steps, len(content.cards), content, pen)]
    if content.first.warnings:
        story += [pen.heading(t("summary.warnings")), *(pen(f"• {warning}", color=NOTABLE) for warning in content.first.warnings)]
    if content.table:
        story += [pen.heading(t("table.heading")), _table(content.table_head, content.table, pen, linked=True)]
        story += [Spacer(1, 3), pen(t("table.caption"), 7, QUIET)]
    if content.resolved:
        story += [pen.heading(t("resolved.heading")), _table(content.resolved_head, content.resolved, pen, linked=False)]
        story += [Spacer(1, 3), pen(t("resolved.caption"), 7, QUIET)]
    return story


def _verdict(content: ReportContent, pen: Pen) -> Flowable:
    """Category and facts on the left, the projections on the right."""
    t = content.words
    pictures = []
    shapes = sum(view.width / view.height for view in content.projections)
    height = min(_PROJECTION_HEIGHT, (_PICTURE_SHARE * WIDTH - _GAP * len(content.projections)) / shapes)
    for view in content.projections:
        edges = _EDGES[view.name]
        width = height * view.width / view.height
        letters = (t(f"edge.{edges[0]}"), t(f"edge.{edges[1]}"), t(f"edge.{edges[2]}"))
        pictures.append(ProjectionPicture(view, width, t(f"overview.{view.name}"), letters))
    right = sum(picture.width + _GAP for picture in pictures)
    left = WIDTH - right
    positions = Table([pictures], [picture.width + _GAP for picture in pictures], hAlign="RIGHT")
    positions.setStyle(bare())
    words: list[Flowable] = [_category(content, left - _GAP, pen), Spacer(1, 6), _facts(content, left - _GAP, pen)]
    table = Table([[words, positions]], [left, right])
    table.setStyle(bare())
    return table


def _category(content: ReportContent, width: float, pen: Pen) -> Flowable:
    category = content.first.category
    ink, ground = tone_of(category.code)
    label = pen(content.words("table.lung_rads"), 7.5, ink, bold=True, align=1)
    badge = Table([[[label, pen(category.code or "–", 24, ink, bold=True, align=1)]]], [_BADGE])
    badge.setStyle(boxed(ink, ground))
    words = [pen(category.meaning, 13, bold=True), *(pen(reason) for reason in category.because)]
    table = Table([[badge, words]], [_BADGE + _GAP, width - _BADGE - _GAP])
    table.setStyle(bare())
    return table


def _facts(content: ReportContent, width: float, pen: Pen) -> Flowable:
    t = content.words
    changes = content.first.changes
    counted = [content.suspicious, content.masses] if content.cards else [t("summary.none")]
    facts: list[tuple[str, str, list[str], bool]] = [(t("summary.nodules"), content.count, [line for line in counted if line], False)]
    if content.cards:
        first = content.cards[0]
        heading = t("nodule.heading", id=first.nodule.id)
        facts.append((t("summary.most_suspicious"), heading, [first.brief, first.malignancy], False))
    facts.append((t("summary.prior"), changes.headline, [changes.when], changes.alarming))
    facts.append((t("summary.lungs"), content.lung_volumes[0], [content.lung_volumes[1], content.coverage], False))
    rows = []
    for label, headline, lines, alarming in facts:
        value = [pen(headline, 9.5, NOTABLE, bold=True) if alarming else pen(headline, 9.5, bold=True), *(pen(line, 8) for line in lines)]
        rows.append([pen(label, 8, QUIET), value])
    table = Table(rows, [_BADGE + _GAP, width - _BADGE - _GAP])
    table.setStyle(ruled(head=False))
    return table


def _next_steps(guidelines: tuple[GuidelineSteps, ...], nodules: int, content: ReportContent, pen: Pen) -> list[Flowable]:
    t = content.words
    if not guidelines:
        return [pen(t("next.none"))]
    rows = []
    for guideline in guidelines:
        name = pen.rich(f"<b>{markup(guideline.name)}</b><br/>{markup(guideline.holds)}", 8)
        for step in guideline.steps:
            risk = f"<b>{markup(step.risk)}: </b>" if step.risk else ""
            which = t.nodules(step.nodules) if step.nodules and nodules > 1 else ""
            rows.append([name, pen.rich(risk + markup(step.text)), pen(which, 8, QUIET)])
            name = pen("")
        if guideline.provided:
            rows.append([name, pen(guideline.provided, 7.5, QUIET), pen("")])
    table = Table(rows, [_LABEL, WIDTH - _LABEL - _WHICH, _WHICH], hAlign="LEFT")
    table.setStyle(ruled(head=False, tight=True))
    choice: list[Flowable] = [Spacer(1, 3), pen(t("next.choice"), 7.5, QUIET)] if len(guidelines) > 1 else []
    return [table, *choice]


def _table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...], pen: Pen, linked: bool) -> Flowable:
    cells = [[pen(label, 7, QUIET, bold=True) for label in head]]
    for row in rows:
        number = f'<link href="#nodule-{row[0]}">{row[0]}</link>' if linked else row[0]
        cells.append([pen.rich(f"<b>{number}</b>", _CELL_SIZE), *(pen(cell, _CELL_SIZE) for cell in row[1:])])
    shares = [max(_ems(row[column]) for row in (*rows, *(_longest_word(head),))) + 1.2 for column in range(len(head))]
    table = Table(cells, [WIDTH * share / sum(shares) for share in shares], repeatRows=1)
    table.setStyle(ruled())
    return table


def _longest_word(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(max(label.split(), key=len) for label in labels)


def _ems(text: str) -> float:
    """Rough width of a text: Chinese characters are as wide as they are high, others about half of that."""
    return sum(1.0 if ord(character) > 0x2E80 else 0.55 for character in text)
