"""Make the report's fonts from Noto Sans CJK: the characters that a report may hold, as TrueType, which ReportLab can embed.

Run once by a maintainer, ``python -m nodulescope.operators.report.make_fonts FOLDER``, where FOLDER holds ``NotoSansCJK-Regular.ttc`` and
``NotoSansCJK-Bold.ttc``, as Debian's package ``fonts-noto-cjk`` installs them. What it makes lies in ``fonts`` and is part of the package.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
from fontTools.ttLib import TTCollection, TTFont, newTable  # type: ignore[import-untyped]

from nodulescope.operators.report.chinese import CHINESE_TEXTS

SIMPLIFIED_CHINESE = 2
"""Place of Noto Sans CJK SC in the collection."""

LEVEL_1_ROWS = range(0xB0, 0xD8)
"""First bytes of the 3755 common characters of GB/T 2312, level 1, in the order of their encoding."""

ALPHABETS_AND_SIGNS = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x100),
    *range(0x391, 0x3CA),
    *range(0x401, 0x460),
    *range(0x3001, 0x3012),
    *range(0xFF01, 0xFF5F),
    *(ord(sign) for sign in "\u2013—\u2018\u2019“”…•·\u2212×≤≥≈±°³²µ→←↑↓▲▼●■□△▽"),
]
MOST_ERROR_UNITS = 1.0
"""How far a quadratic outline may stray from the cubic one, in units of 1/1000 em."""

_LIMITS_WITHOUT_HINTS = (
    *("Points", "Contours", "CompositePoints", "CompositeContours", "ComponentElements", "ComponentDepth"),
    *("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements", "SizeOfInstructions"),
)
"""Fields of the table ``maxp`` that are counted anew on saving, or are 0 in a font without hints."""


def characters() -> set[int]:
    """Latin, Greek, Cyrillic, signs, GB/T 2312 level 1, and whatever the Chinese catalogue holds beyond."""
    chinese = "".join([*CHINESE_TEXTS.values(), *(_row(row) for row in LEVEL_1_ROWS)])
    return {*ALPHABETS_AND_SIGNS, *map(ord, chinese)}


def _row(first: int) -> str:
    return bytes(byte for second in range(0xA1, 0xFF) for byte in (first, second)).decode("gb2312", errors="ignore")


def to_truetype(font: TTFont) -> None:
    """Replace a font's cubic outlines by quadratic ones, in place."""
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    outlines = {}
    for name in order:
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(Cu2QuPen(pen, MOST_ERROR_UNITS, reverse_direction=True))
        outlines[name] = pen.glyph()
    font["loca"] = newTable("loca")
    font["glyf"] = table = newTable("glyf")
    table.glyphOrder, table.glyphs = order, outlines
    for name, outline in outlines.items():
        outline.recalcBounds(table)
        font["hmtx"][name] = font["hmtx"][name][0], getattr(outline, "xMin", 0)
    maxp = font["maxp"]
    maxp.tableVersion = 0x00010000
    for limit in _LIMITS_WITHOUT_HINTS:
        setattr(maxp, f"max{limit}", 0)
    maxp.maxZones = 1
    font["post"].formatType = 3.0
    for unused in ("CFF ", "VORG"):
        del font[unused]
    font.sfntVersion = "\000\001\000\000"


def main(folder: Path) -> None:
    """Write both weights into the folder of the report's fonts."""
    for weight in ("Regular", "Bold"):
        font = TTCollection(folder / f"NotoSansCJK-{weight}.ttc").fonts[SIMPLIFIED_CHINESE]
        subsetter = Subsetter(Options(layout_features=[], drop_tables=["GSUB", "GPOS", "GDEF", "BASE", "vhea", "vmtx"], hinting=False))
        subsetter.populate(unicodes=characters())
        subsetter.subset(font)
        to_truetype(font)
        font.recalcTimestamp = False
        font.save(Path(__file__).parent / "fonts" / f"NotoSansSC-{weight}.ttf")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
