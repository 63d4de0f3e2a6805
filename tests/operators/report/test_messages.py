from __future__ import annotations

import re
from pathlib import Path

import pytest

from nodulescope.operators import report
from nodulescope.operators.examination import NoduleType, Side, Status
from nodulescope.operators.report.messages import ENGLISH, Messages
from nodulescope.operators.report.nodule_card import LIDC_RATINGS

ROOM = Path(str(report.__file__)).parent
CALL = re.compile(r"""\b(?:t|messages)\(f?["']([\w.]+)["']\s*([,)~]?)""")


def test_every_word_that_templates_and_code_ask_for_exists() -> None:
    sources = [*ROOM.glob("*.py"), *ROOM.glob("templates/*.j2")]
    keys = {
        key for source in sources for key, end in CALL.findall(source.read_text(encoding="utf-8")) if end != "~" and not key.endswith(".")
    }
    assert len(keys) > 80
    assert keys - ENGLISH.texts.keys() == set()


def test_every_value_of_an_enumeration_has_words() -> None:
    wanted = {f"side.{v}" for v in Side} | {f"type.{v}" for v in NoduleType} | {f"status.{v}" for v in Status}
    wanted |= {f"{group}.{name}" for group in ("rating", "low", "high") for name in (*LIDC_RATINGS, "malignancy", "calcification")}
    assert wanted - ENGLISH.texts.keys() == set()


def test_templates_hold_no_words_of_their_own() -> None:
    for template in ROOM.glob("templates/*.j2"):
        bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", template.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(r"[A-Za-z]{2,}", bare) == [], template.name


def test_placeholders_and_unknown_names() -> None:
    t = Messages("xx", {"count": "{n} of {m}", "stage.a": "First"})
    assert t("count", n=1, m=2) == "1 of 2"
    assert t.name_of("stage", "a") == "First"
    assert t.name_of("stage", "my_own_stage") == "my own stage"
    with pytest.raises(KeyError):
        t("absent")
