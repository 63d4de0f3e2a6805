"""``report.pdf``: what ``report.html`` says, on A4, with embedded fonts; the same examination gives the same bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, KeepTogether, PageTemplate, Spacer

from nodulescope.operators.examination import Examination
from nodulescope.operators.examination.whole_file import whole_file
from nodulescope.operators.report.content import ReportContent, report_content
from nodulescope.operators.report.messages import CHINESE, DEFAULT_LANGUAGE
from nodulescope.operators.report.pdf_first_page import first_page
from nodulescope.operators.report.pdf_fonts import REGULAR, printable, register_fonts
from nodulescope.operators.report.pdf_limits import limits_pages
from nodulescope.operators.report.pdf_nodule import nodule_block
from nodulescope.operators.report.pdf_style import FOOT, LINE, MARGIN, PAGE, QUIET, WIDTH, Pen

_BETWEEN_NODULES = 16.0
_FOOT_SIZE = 6.5


def write_pdf_report(
    exam: Examination,
    path: Path,
    language: str = DEFAULT_LANGUAGE,
) -> None:
    """Write the report as one PDF; it appears whole or not at all.

    Args:
        exam: what was found.
        path: the file to write, normally ``report.pdf``; replaced if it exists.
        language: ``en`` or ``zh``.

    Raises:
        UsageError: the report does not speak the language.
        OSError: the file cannot be written.
    """
    pages = render_pdf_report(exam, language)
    with whole_file(path) as beside:
        beside.write_bytes(pages)


def render_pdf_report(exam: Examination, language: str = DEFAULT_LANGUAGE) -> bytes:
    """Render the report; arguments as in :func:`write_pdf_report`."""
    register_fonts()
    content = report_content(exam, language)
    t = content.words
    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=PAGE,
        pageTemplates=[PageTemplate(frames=[_frame()])],
        title=t("page.title"),
        creator=f"nodulescope {exam.generator_version}",
        lang=t.language,
        invariant=1,
    )
    document.build(_story(content, exam.generator_version), canvasmaker=_canvas_with_foot(content))
    return out.getvalue()


def _frame() -> Frame:
    """The page within its margins, above its foot."""
    bottom = MARGIN + FOOT / 3
    return Frame(MARGIN, bottom, WIDTH, PAGE[1] - MARGIN - bottom, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)


def _story(content: ReportContent, version: str) -> list[Flowable]:
    pen = Pen(cjk=content.words is CHINESE)
    story = first_page(content, pen)
    for card in content.cards:
        story += [Spacer(1, _BETWEEN_NODULES), KeepTogether(nodule_block(card, content.words, pen))]
    return [*story, Spacer(1, _BETWEEN_NODULES), *limits_pages(content, version, pen)]


def _canvas_with_foot(content: ReportContent) -> type[Canvas]:
    """A canvas that writes the foot of every page once the number of pages is known."""
    t = content.words

    class CanvasWithFoot(Canvas):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "initialFontName": REGULAR})  # else Helvetica is in the file, unused and not embedded
            self._finished: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - ReportLab's name
            self._finished.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]  # the stubs leave it out

        def save(self) -> None:
            for number, page in enumerate(self._finished, 1):
                self.__dict__.update(page)
                self._write_foot(number, len(self._finished))
                super().showPage()
            super().save()

        def _write_foot(self, number: int, pages: int) -> None:
            y = FOOT - 2
            self.setStrokeColor(LINE)
            self.setLineWidth(0.35)
            self.line(MARGIN, y + 9, MARGIN + WIDTH, y + 9)
            self.setFont(REGULAR, _FOOT_SIZE)
            self.setFillColor(QUIET)
            self.drawString(MARGIN, y, printable(t("page.research")))
            self.drawRightString(MARGIN + WIDTH, y, printable(t("page.number", page=number, pages=pages)))

    return CanvasWithFoot
