from __future__ import annotations

import pytest
from fontTools.ttLib import TTFont

from nodulescope.operators.report import pdf_fonts
from nodulescope.operators.report.messages import LANGUAGES
from nodulescope.operators.report.pdf_fonts import BOLD, REGULAR, markup, printable


@pytest.mark.parametrize("name", [REGULAR, BOLD])
def test_the_fonts_hold_every_character_of_every_language(name: str) -> None:
    known = TTFont(pdf_fonts._FOLDER / f"{name}.ttf").getBestCmap()
    wanted = {character for messages in LANGUAGES.values() for text in messages.texts.values() for character in printable(text)}
    wanted |= set(printable("0123456789−+–×³%<>±½≤≥éüßñ\u202f\u2009胸部平扫薄层肺窗"))
    assert {character for character in wanted if ord(character) not in known} == set()


@pytest.mark.parametrize("name", [REGULAR, BOLD])
def test_the_licence_allows_embedding(name: str) -> None:
    assert TTFont(pdf_fonts._FOLDER / f"{name}.ttf")["OS/2"].fsType == 0
    assert "SIL OPEN FONT LICENSE Version 1.1" in (pdf_fonts._FOLDER / "OFL.txt").read_text(encoding="utf-8")


def test_markup_stays_text() -> None:
    assert markup("<b>17\u202f157</b> & more") == "&lt;b&gt;17\u00a0157&lt;/b&gt; &amp; more"
