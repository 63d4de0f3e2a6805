from __future__ import annotations

import pytest

from nodulescope.operators.examination import Assessment, Guideline, NotAssessed, Recommendation
from nodulescope.operators.guidelines.bts import Bts
from nodulescope.operators.guidelines.fleischner import Fleischner
from nodulescope.operators.guidelines.gaps import Gap
from nodulescope.operators.guidelines.lung_rads import Category
from nodulescope.operators.guidelines.lung_rads_examination import Management
from nodulescope.operators.guidelines.wording import recommendation_text
from nodulescope.operators.report.guideline_text import brock_text, category_meaning, next_steps, reason_text, row_of
from nodulescope.operators.report.messages import CHINESE, ENGLISH

RECOMMENDATIONS = (
    Recommendation(Guideline.LUNG_RADS, Management.FOLLOW_UP_CT, (1,), (3, 3), pet_ct=True),
    Recommendation(
        Guideline.FLEISCHNER, Fleischner.CT_THEN_CONSIDER_CT, (1, 3), (6, 12), (18, 24), risk="low", provided=("age", "known_cancer")
    ),
    Recommendation(Guideline.FLEISCHNER, Fleischner.CT_THEN_CT, (1, 3), (6, 12), (18, 24), risk="high", provided=("age", "known_cancer")),
    Recommendation(Guideline.FLEISCHNER, Fleischner.SMALL_SUBSOLID_SERIES, (2, 4), (3, 6), (24, 48)),
    Recommendation(Guideline.BTS, Bts.DISCHARGE, (2,)),
)


def test_steps_by_guideline() -> None:
    lung_rads, fleischner, bts = next_steps(RECOMMENDATIONS, ENGLISH)
    assert (lung_rads.name, lung_rads.holds, lung_rads.provided) == ("Lung-RADS v2022", "screening", "")
    assert [(s.text, s.nodules) for s in lung_rads.steps] == [
        ("Low-dose CT in 3 months; PET/CT may be considered from 8 mm of solid tissue on", (1,))
    ]
    assert [(s.risk, s.text) for s in fleischner.steps] == [
        ("low risk", "CT in 6 to 12 months, then consider CT at 18 to 24 months"),
        ("high risk", "CT in 6 to 12 months, then CT at 18 to 24 months"),
        ("", "CT in 3 to 6 months; if stable, consider CT at 2 and 4 years"),
    ]
    assert fleischner.provided == "Provided that the patient is at least 35 years old and has no known cancer."
    assert bts.steps[0].text == "No follow-up: smaller than 5 mm or 80 mm³"
    assert next_steps((), ENGLISH) == ()


@pytest.mark.parametrize("recommendation", RECOMMENDATIONS, ids=lambda one: one.code)
def test_the_report_says_what_the_findings_say(recommendation: Recommendation) -> None:
    (guideline,) = next_steps((recommendation,), ENGLISH)
    said = guideline.steps[0].text.replace("mm³", "mm3")
    assert all(part in recommendation_text(recommendation) for part in said.split("; "))


def test_steps_in_chinese() -> None:
    lung_rads, fleischner, _ = next_steps(RECOMMENDATIONS, CHINESE)
    assert lung_rads.steps[0].text == "3 个月后行低剂量 CT；可考虑 PET/CT（实性部分不小于 8 mm）"  # noqa: RUF001
    assert (fleischner.steps[0].risk, fleischner.steps[0].text) == ("低风险", "6–12 个月后行 CT，此后考虑在 18–24 个月时复查 CT")  # noqa: RUF001
    assert fleischner.provided == "前提是患者年满 35 岁、无已知癌症。"


def test_categories_rows_and_risks() -> None:
    assert [category_meaning(str(c), ENGLISH) for c in (Category.SUSPICIOUS, Category.INCOMPLETE)] == ["Suspicious", "Incomplete"]
    assert category_meaning("4BS", ENGLISH) == "Very suspicious"
    assessment = Assessment(lung_rads_rows={"2": "solid-baseline-8-to-15"})
    assert (row_of(2, assessment, ENGLISH), row_of(3, assessment, ENGLISH)) == ("solid, 8 to under 15 mm", "")
    assert (brock_text(2, {"2": {"low": 0.051, "high": 0.398}}), brock_text(1, {}), brock_text(1, None)) == ("5%–40%", "", "")


def test_reasons() -> None:
    item = NotAssessed("brock_inputs", "as it was written", str(Gap.BROCK_INPUTS), (), ("sex", "emphysema"))
    assert reason_text(item, ENGLISH) == "The Brock probability is a range, because this is not known: sex and emphysema."
    assert reason_text(item, CHINESE).endswith("性别、肺气肿。")
    of_nodules = NotAssessed("fat", "as it was written", str(Gap.FAT), (1, 3))
    assert reason_text(of_nodules, ENGLISH).startswith("Nodules 1 and 3: fat was not looked for")
    assert reason_text(NotAssessed("x", "The registration failed."), CHINESE) == "The registration failed."
