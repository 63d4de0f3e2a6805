"""The letters of ``report.pdf``: Noto Sans SC, Latin and Chinese in one, embedded so that every viewer shows and finds the same text."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont

REGULAR = "NotoSansSC-Regular"
BOLD = "NotoSansSC-Bold"

_FOLDER = Path(__file__).parent / "fonts"
_NARROW_SPACES = str.maketrans({"\u202f": "\u00a0", "\u2009": "\u00a0"})
"""The font has no narrow spaces."""


@cache
def register_fonts() -> None:
    """Make both weights known to ReportLab; ``<b>`` in a paragraph takes the bold one."""
    for name in (REGULAR, BOLD):
        registerFont(TTFont(name, _FOLDER / f"{name}.ttf"))
    for italic in (0, 1):
        addMapping(REGULAR, 0, italic, REGULAR)
        addMapping(REGULAR, 1, italic, BOLD)


def printable(text: str) -> str:
    """A text with spaces that the font has."""
    return text.translate(_NARROW_SPACES)


def markup(text: str) -> str:
    """A text for a paragraph: what looks like markup in it stays text."""
    return escape(printable(text))
