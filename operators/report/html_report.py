"""``report.html``: one file that needs nothing else, made from an :class:`Examination`."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from nodulescope.operators.examination import Examination
from nodulescope.operators.examination.whole_file import whole_file
from nodulescope.operators.report.content import report_content
from nodulescope.operators.report.messages import DEFAULT_LANGUAGE
from nodulescope.operators.report.nodule_card import SCALE_BAR_MM
from nodulescope.operators.report.pictures import WINDOWS_HU, jpeg_uri, sheet, window_table

_TEMPLATES = Path(__file__).parent / "templates"
_KEYS = (
    ("↑ ↓", "keys.slice"),
    ("Home End", "keys.ends"),
    ("w", "keys.window"),
    ("o", "keys.outline"),
    ("j k", "keys.card"),
)
"""Keys of the page and what they do; ``report.js`` listens for them."""


def write_html_report(
    exam: Examination,
    path: Path,
    language: str = DEFAULT_LANGUAGE,
) -> None:
    """Write the report as one self-contained file; it appears whole or not at all.

    Args:
        exam: what was found.
        path: the file to write, normally ``report.html``; replaced if it exists.
        language: ``en`` or ``zh``.

    Raises:
        UsageError: the report does not speak the language.
        OSError: the file cannot be written.
    """
    page = render_html_report(exam, language)
    with whole_file(path) as beside:
        beside.write_text(page, encoding="utf-8")


def render_html_report(exam: Examination, language: str = DEFAULT_LANGUAGE) -> str:
    """Render the report; arguments as in :func:`write_html_report`.

    Returns:
        The page: style, script and pictures are inside, and its content security policy forbids everything else.
    """
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8").strip()
    script_hash = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    content = report_content(exam, language)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            content=content,
            t=content.words,
            exam=exam,
            cards=content.cards,
            style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
            script=script,
            script_hash=script_hash,
            windows={name: window_table(name) for name in WINDOWS_HU},
            scale_mm=SCALE_BAR_MM,
            keys=_KEYS,
        )
    )


@cache
def _environment() -> Environment:
    """The templates, compiled once."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(jpeg_uri=jpeg_uri, sheet=sheet)
    return environment
