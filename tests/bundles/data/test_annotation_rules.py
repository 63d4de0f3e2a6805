from __future__ import annotations

import re
from pathlib import Path

import pytest

from nodulescope.bundles.data import annotation_rules
from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.annotation_rules import PLEURA_MM, Rule, Severity, box_class_of
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS
from nodulescope.bundles.predictors import detection

RULE_BOOK = Path(annotation_rules.__file__).parent / "docs" / "annotation-rules.md"


def annotation(diameter: float, readers: int | None = None, edge: float = 10.0) -> NoduleAnnotation:
    return NoduleAnnotation("1", (0.0, 0.0, 0.0), (edge, edge, edge), diameter, readers)


@pytest.mark.parametrize(
    ("diameter", "readers", "box_class"),
    [
        (2.99, 4, IGNORED_CLASS),
        (3.0, 3, NODULE_CLASS),
        (30.0, 4, NODULE_CLASS),
        (30.01, 4, IGNORED_CLASS),
        (8.0, 2, IGNORED_CLASS),
        (8.0, None, NODULE_CLASS),
    ],
)
def test_size_and_readers_decide_what_a_box_counts_for(diameter: float, readers: int | None, box_class: int) -> None:
    assert box_class_of(annotation(diameter, readers)) == box_class


@pytest.mark.parametrize(("least", "box_class"), [(1, NODULE_CLASS), (2, NODULE_CLASS), (3, IGNORED_CLASS), (None, NODULE_CLASS)])
def test_the_agreement_can_be_chosen(least: int | None, box_class: int) -> None:
    assert box_class_of(annotation(8.0, 2), least_readers=least) == box_class


@pytest.mark.parametrize(("diameter", "edge"), [(0.0, 10.0), (8.0, 0.0), (float("nan"), 10.0), (8.0, -1.0)])
def test_nothing_without_extent_has_a_box(diameter: float, edge: float) -> None:
    assert box_class_of(annotation(diameter, 4, edge)) is None


def test_the_run_time_keeps_what_the_rules_allow_outside_the_lungs() -> None:
    assert PLEURA_MM == detection.PLEURA_MM


def test_the_rule_book_has_every_rule_under_its_severity() -> None:
    text = RULE_BOOK.read_text(encoding="utf-8")
    for severity in Severity:
        section = text.partition(f"### {severity.capitalize()}s\n")[2].partition("\n#")[0]
        rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.+) \|$", section, re.MULTILINE)
        assert rows == [(rule.value, rule.text, rule.remedy) for rule in Rule if rule.severity is severity]


def test_texts_fit_into_a_line() -> None:
    for rule in Rule:
        assert rule.text.endswith(".") and "\n" not in rule.text
        assert not rule.remedy.endswith(".") and "\n" not in rule.remedy
