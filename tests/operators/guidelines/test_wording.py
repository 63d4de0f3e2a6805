from __future__ import annotations

from dataclasses import fields

import pytest

from nodulescope.operators.examination import Guideline, NotAssessed, Recommendation
from nodulescope.operators.guidelines.brock import BrockInputs
from nodulescope.operators.guidelines.bts import Bts
from nodulescope.operators.guidelines.fleischner import Fleischner
from nodulescope.operators.guidelines.gaps import WHAT, Gap, Missing
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.guidelines.lung_rads import Row
from nodulescope.operators.guidelines.lung_rads_examination import Management
from nodulescope.operators.guidelines.wording import INPUT_NAMES, ROWS, not_assessed, recommendation_text, recommendations_text

CODES = [(Guideline.LUNG_RADS, c) for c in Management] + [(Guideline.FLEISCHNER, c) for c in Fleischner] + [(Guideline.BTS, c) for c in Bts]


@pytest.mark.parametrize(("guideline", "code"), CODES)
def test_every_recommendation_has_words(guideline: Guideline, code: str) -> None:
    text = recommendation_text(Recommendation(guideline, code, (1, 2), (3, 6), (18, 24), 24, 60))
    assert text.endswith("(nodules 1 and 2).")
    assert "{" not in text
    assert text.isascii()


@pytest.mark.parametrize("gap", list(Gap))
def test_every_gap_has_words_and_a_place(gap: Gap) -> None:
    item = not_assessed(Missing(gap, (1, 2, 5), ("age", "smoking")))
    assert item.what == WHAT[gap]
    assert item.code == gap
    assert item.reason[0].isupper() and item.reason.endswith(".") and item.reason.isascii()
    assert "{" not in item.reason


def test_every_row_and_every_input_has_a_name() -> None:
    assert set(ROWS) == set(Row)
    asked = {field.name for field in fields(PatientHistory)} | {field.name for field in fields(BrockInputs)}
    assert asked - {"type", "long_axis_mm", "count"} == set(INPUT_NAMES)


@pytest.mark.parametrize(
    ("recommendation", "text"),
    [
        (
            Recommendation(Guideline.LUNG_RADS, Management.SCREENING_CT, (), (12, 12)),
            "Lung-RADS v2022 (screening): Screening with low-dose CT in 12 months.",
        ),
        (
            Recommendation(Guideline.LUNG_RADS, Management.FOLLOW_UP_CT, (2,), (3, 3), pet_ct=True, category="4A"),
            (
                "Lung-RADS v2022 (screening), category 4A: Low-dose CT in 3 months (nodule 2);"
                " PET/CT may be considered from 8 mm of solid tissue on."
            ),
        ),
        (
            Recommendation(
                Guideline.FLEISCHNER, Fleischner.CT_THEN_CT, (1,), (6, 12), (18, 24), risk="high", provided=("age", "known_cancer")
            ),
            (
                "Fleischner 2017 (incidental nodules): high risk: CT in 6 to 12 months, then CT at 18 to 24 months (nodule 1);"
                " provided that the patient is at least 35 years old and has no known cancer."
            ),
        ),
        (
            Recommendation(Guideline.FLEISCHNER, Fleischner.SMALL_SUBSOLID_SERIES, (1, 2, 3), (3, 6), (24, 48)),
            "Fleischner 2017 (incidental nodules): CT in 3 to 6 months; if stable, consider CT at 2 and 4 years (nodules 1, 2 and 3).",
        ),
        (
            Recommendation(Guideline.FLEISCHNER, Fleischner.GROUND_GLASS_SERIES, (1,), (6, 12), every_months=24, until_months=60),
            (
                "Fleischner 2017 (incidental nodules): CT in 6 to 12 months to confirm that it persists, then CT every 2 years"
                " until 5 years (nodule 1)."
            ),
        ),
        (
            Recommendation(Guideline.BTS, Bts.SURVEILLANCE, (4,), (3, 3), (12,)),
            "BTS 2015: CT in 3 months and, without growth, at 12 months (nodule 4).",
        ),
    ],
)
def test_words_of_a_recommendation(recommendation: Recommendation, text: str) -> None:
    assert recommendation_text(recommendation) == text


def test_several_recommendations_are_sentences() -> None:
    one = Recommendation(Guideline.BTS, Bts.DISCHARGE, (1,))
    assert recommendations_text([one, one]) == " ".join([recommendation_text(one)] * 2)
    assert recommendations_text([]) == ""


def test_words_of_a_gap() -> None:
    assert not_assessed(Missing(Gap.FAT, (3,))) == NotAssessed(
        "fat", "Nodule 3: fat was not looked for; with fat inside it would be Lung-RADS category 1.", "fat", (3,), ()
    )
    assert not_assessed(Missing(Gap.BROCK_INPUTS, inputs=("age", "sex", "emphysema"))).reason.endswith("age, sex and emphysema.")
