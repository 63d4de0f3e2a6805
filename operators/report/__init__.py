"""The report that people read: one self-contained page made from an :class:`Examination`."""

from nodulescope.operators.report.html_report import render_html_report, write_html_report

__all__ = ["render_html_report", "write_html_report"]
