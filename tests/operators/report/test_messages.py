from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from nodulescope.bundles.errors import UsageError
from nodulescope.operators import report
from nodulescope.operators.examination import Guideline, NoduleType, Side, Status
from nodulescope.operators.guidelines.bts import Bts
from nodulescope.operators.guidelines.fleischner import Fleischner
from nodulescope.operators.guidelines.gaps import WHAT, Gap
from nodulescope.operators.guidelines.lung_rads import Category, Row
from nodulescope.operators.guidelines.lung_rads_examination import Management
from nodulescope.operators.report.messages import CHINESE, ENGLISH, LANGUAGES, Messages, messages_in
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
    wanted |= {f"recommendation.{code}" for codes in (Management, Fleischner, Bts) for code in codes}
    wanted |= {f"row.{v}" for v in Row} | {f"category.{v}" for v in Category} | {f"reason.{v}" for v in Gap}
    wanted |= {f"not_assessed.{what}" for what in WHAT.values()}
    wanted |= {f"{group}.{v}" for group in ("guideline", "holds") for v in Guideline}
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


def test_every_language_has_the_same_keys_and_placeholders() -> None:
    def placeholders(text: str) -> list[str]:
        return sorted({name for _, name, _, _ in Formatter().parse(text) if name is not None})

    for messages in LANGUAGES.values():
        assert messages.texts.keys() == ENGLISH.texts.keys()
        assert {k: placeholders(v) for k, v in messages.texts.items()} == {k: placeholders(v) for k, v in ENGLISH.texts.items()}
        assert all(text.strip() for text in messages.texts.values())


def test_chinese_is_chinese() -> None:
    """A text without Chinese characters holds the same names, units and placeholders as the English one, with other punctuation."""

    def letters(text: str) -> str:
        return re.sub("[^A-Za-z{}]", "", text)

    latin = {key for key, text in CHINESE.texts.items() if not re.search("[\u4e00-\u9fff]", text) and not key.startswith("list.")}
    assert len(latin) < 60
    assert {key for key in latin if letters(CHINESE.texts[key]) != letters(ENGLISH.texts[key])} == set()


def test_lists_and_times() -> None:
    assert (ENGLISH.listed(()), ENGLISH.listed("a"), ENGLISH.listed("ab"), ENGLISH.listed("abc")) == ("", "a", "a and b", "a, b and c")
    assert (ENGLISH.nodules((2,)), ENGLISH.nodules((1, 2, 5))) == ("nodule 2", "nodules 1, 2 and 5")
    assert (CHINESE.nodules((2,)), CHINESE.nodules((1, 2, 5))) == ("结节 2", "结节 1、2、5")
    assert [ENGLISH.months(m) for m in ((3, 3), (6, 12), (18, 24), (24,), (60,))] == [
        "3 months",
        "6 to 12 months",
        "18 to 24 months",
        "2 years",
        "5 years",
    ]
    assert (ENGLISH.months((24, 48), single=True), CHINESE.months((24, 48), single=True)) == ("2 and 4 years", "2、4 年")
    assert CHINESE.months((6, 12)) == "6–12 个月"


def test_a_language_that_is_not_spoken_is_refused() -> None:
    assert messages_in("zh") is CHINESE
    with pytest.raises(UsageError, match="'fr'; choose one of en, zh"):
        messages_in("fr")
