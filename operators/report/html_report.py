"""``report.html``: one file that needs nothing else, made from an :class:`Examination`."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from nodulescope.operators.examination import Examination, Status
from nodulescope.operators.report import number_text
from nodulescope.operators.report.input_summary import input_rows, series_description, study_date
from nodulescope.operators.report.messages import ENGLISH, Messages
from nodulescope.operators.report.nodule_card import SCALE_BAR_MM, nodule_card
from nodulescope.operators.report.overview import lung_projections
from nodulescope.operators.report.pictures import WINDOWS_HU, window_table

_TEMPLATES = Path(__file__).parent / "templates"
_HASH_DIGITS = 12
"""Shown digits of a weights file's SHA-256; the full hash is in ``findings.json``."""


def write_html_report(exam: Examination, path: Path, messages: Messages = ENGLISH) -> None:
    """Write the report as one self-contained file; it appears whole or not at all.

    Args:
        exam: what was found.
        path: the file to write, normally ``report.html``; replaced if it exists.
        messages: the report's language.

    Raises:
        OSError: the file cannot be written.
    """
    page = render_html_report(exam, messages)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_text(page, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def render_html_report(exam: Examination, messages: Messages = ENGLISH) -> str:
    """Render the report.

    Args:
        exam: what was found.
        messages: the report's language.

    Returns:
        The page: style, script and pictures are inside, and its content security policy forbids everything else.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        mm=number_text.millimetres,
        mm3=number_text.cubic_millimetres,
        ml=number_text.millilitres,
        percent=number_text.percent,
        fixed=number_text.fixed,
    )
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8").strip()
    script_hash = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return environment.get_template("report.html.j2").render(
        t=messages,
        exam=exam,
        style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
        script=script,
        script_hash=script_hash,
        subtitle=tuple(part for part in (study_date(exam.ct), series_description(exam.ct)) if part),
        input_rows=input_rows(exam.ct, messages),
        cards=tuple(nodule_card(exam.ct, nodule, messages) for nodule in exam.nodules),
        projections=lung_projections(exam.ct, exam.lung_mask, exam.nodules),
        followed_up=any(n.status is not Status.BASELINE or n.prior is not None for n in exam.nodules),
        categorised=any(n.lung_rads is not None for n in exam.nodules),
        windows={name: window_table(name) for name in WINDOWS_HU},
        window_words={
            name: messages("picture.window", width=f"{b - a:.0f}", level=number_text.fixed((a + b) / 2, 0))
            for name, (a, b) in WINDOWS_HU.items()
        },
        scale_mm=SCALE_BAR_MM,
        hash_digits=_HASH_DIGITS,
    )
