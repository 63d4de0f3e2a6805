"""The report that people read, on a page and on paper, made from an :class:`Examination`."""

from nodulescope.operators.report.html_report import render_html_report, write_html_report
from nodulescope.operators.report.messages import DEFAULT_LANGUAGE, LANGUAGES
from nodulescope.operators.report.pdf_report import render_pdf_report, write_pdf_report

__all__ = ["DEFAULT_LANGUAGE", "LANGUAGES", "render_html_report", "render_pdf_report", "write_html_report", "write_pdf_report"]
