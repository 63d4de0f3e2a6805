"""How ``report.pdf`` looks: A4, paragraph styles, table styles, tones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, TableStyle

from nodulescope.operators.report.pdf_fonts import BOLD, REGULAR, markup

Align = Literal[0, 1, 2]
"""Left, centre, right, as ReportLab counts them."""

PAGE = A4
MARGIN = 14 * mm
FOOT = 12 * mm
WIDTH = PAGE[0] - 2 * MARGIN

TEXT = HexColor("#14181d")
QUIET = HexColor("#59636e")
LINE = HexColor("#d3d8de")
TRACK = HexColor("#e4e8ed")
BAR = HexColor("#35618f")
NOTABLE = HexColor("#8a3b00")
NOTABLE_PAGE = HexColor("#fdf1e3")

_TONES = {
    "calm": (HexColor("#1d6b3a"), HexColor("#e6f4ea")),
    "watch": (HexColor("#7a4f00"), HexColor("#fdf3d9")),
    "alarm": (HexColor("#a3190f"), HexColor("#fdeae7")),
}
_TOP = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("FONTNAME", (0, 0), (-1, -1), REGULAR)]
"""The font is that of empty cells, which else would ask for one that is not embedded."""

_TONE_OF = {"1": "calm", "2": "calm", "0": "watch", "3": "watch", "4": "alarm"}


def tone_of(category: str) -> tuple[Color, Color]:
    """Ink and ground for a Lung-RADS category; neutral where there is none."""
    return _TONES[_TONE_OF[category[0]]] if category[:1] in _TONE_OF else (TEXT, TRACK)


@dataclass(frozen=True)
class Pen:
    """Paragraphs in the styles of one language.

    Attributes:
        cjk: break lines between any two characters, as Chinese does.
    """

    cjk: bool

    def __call__(self, text: str, size: float = 8.5, color: Color = TEXT, bold: bool = False, align: Align = 0) -> Paragraph:
        """A paragraph; whatever is in the text stays text."""
        return self.rich(markup(text), size, color, bold, align)

    def rich(self, marked_up: str, size: float = 8.5, color: Color = TEXT, bold: bool = False, align: Align = 0) -> Paragraph:
        """A paragraph with markup."""
        style = ParagraphStyle(
            "text",
            fontName=BOLD if bold else REGULAR,
            fontSize=size,
            leading=size * 1.38,
            textColor=color,
            alignment=align,
            wordWrap="CJK" if self.cjk else None,
            splitLongWords=1,
        )
        return Paragraph(marked_up, style)

    def heading(self, text: str, size: float = 10.5) -> Paragraph:
        """A heading that stays with what follows."""
        paragraph = self(text, size, bold=True)
        paragraph.style.keepWithNext = 1
        paragraph.style.spaceBefore = 8
        paragraph.style.spaceAfter = 3
        return paragraph


def bare() -> TableStyle:
    """No lines, no padding: for layout."""
    return TableStyle([*_TOP, *_padding(0, 0, 0, 0)])


def ruled(head: bool = True, tight: bool = False) -> TableStyle:
    """Fine lines between rows; the first row is a head that repeats on every page."""
    vertical = 0.9 if tight else 2.2
    lines = [("LINEBELOW", (0, 0), (-1, -2), 0.35, LINE)]
    if head:
        lines.append(("LINEBELOW", (0, 0), (-1, 0), 0.6, QUIET))
    return TableStyle([*_TOP, *_padding(0, 5, vertical, vertical), *lines])


def boxed(ink: Color, ground: Color = white) -> TableStyle:
    """One cell on a coloured ground."""
    return TableStyle([*_TOP, ("BACKGROUND", (0, 0), (-1, -1), ground), ("BOX", (0, 0), (-1, -1), 0.7, ink), *_padding(6, 6, 4, 5)])


def _padding(left: float, right: float, top: float, bottom: float) -> list[tuple[str, tuple[int, int], tuple[int, int], float]]:
    sides = {"LEFTPADDING": left, "RIGHTPADDING": right, "TOPPADDING": top, "BOTTOMPADDING": bottom}
    return [(side, (0, 0), (-1, -1), width) for side, width in sides.items()]
