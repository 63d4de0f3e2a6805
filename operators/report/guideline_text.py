"""What guidelines say, in the words of the report's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nodulescope.operators.examination import Assessment, Guideline, NotAssessed, Recommendation
from nodulescope.operators.guidelines.fleischner import Fleischner
from nodulescope.operators.report import number_text
from nodulescope.operators.report.messages import Messages

MODIFIER = "S"
"""Lung-RADS writes it behind a category when there are other significant findings."""


@dataclass(frozen=True)
class NextStep:
    """One recommendation: what to do, for patients of which risk, for which nodules."""

    text: str
    risk: str
    nodules: tuple[int, ...]


@dataclass(frozen=True)
class GuidelineSteps:
    """The recommendations of one guideline.

    Attributes:
        name: with its year.
        holds: for which kind of examination.
        steps: in the guideline's order.
        provided: a sentence on what must be true of the patient, empty where nothing is open.
    """

    name: str
    holds: str
    steps: tuple[NextStep, ...]
    provided: str


def next_steps(recommendations: Sequence[Recommendation], t: Messages) -> tuple[GuidelineSteps, ...]:
    """Recommendations by guideline, in the order in which they are given.

    Args:
        recommendations: of every guideline.
        t: the language.
    """
    guidelines = dict.fromkeys(one.guideline for one in recommendations)
    return tuple(_steps_of(guideline, [one for one in recommendations if one.guideline is guideline], t) for guideline in guidelines)


def _steps_of(guideline: Guideline, recommendations: Sequence[Recommendation], t: Messages) -> GuidelineSteps:
    steps = tuple(NextStep(_text(one, t), t(f"risk.{one.risk}") if one.risk else "", one.nodules) for one in recommendations)
    open_conditions = dict.fromkeys(name for one in recommendations for name in one.provided)
    conditions = t.listed([t(f"condition.{name}") for name in open_conditions])
    provided = t("next.provided", conditions=conditions) if conditions else ""
    return GuidelineSteps(t(f"guideline.{guideline}"), t(f"holds.{guideline}"), steps, provided)


def _text(one: Recommendation, t: Messages) -> str:
    values = {
        "months": t.months(one.months) if one.months else "",
        "later": t.months(one.later_months, single=one.code == Fleischner.SMALL_SUBSOLID_SERIES) if one.later_months else "",
        "every": t.months((one.every_months,)) if one.every_months else "",
        "until": t.months((one.until_months,)) if one.until_months else "",
    }
    text = t(f"recommendation.{one.code}", **values)
    # Other guidelines' sentences name PET/CT themselves.
    return t("recommendation.pet-ct", text=text) if one.pet_ct and one.guideline is Guideline.LUNG_RADS else text


def category_meaning(category: str, t: Messages) -> str:
    """What a Lung-RADS category means; of one with the modifier S, what it means without."""
    return t(f"category.{category.removesuffix(MODIFIER)}")


def row_of(nodule_id: int, assessment: Assessment, t: Messages) -> str:
    """Why a nodule is in its Lung-RADS category; empty where no row is known."""
    row = assessment.lung_rads_rows.get(str(nodule_id))
    return t.name_of("row", row) if row else ""


def brock_text(nodule_id: int, brock: Mapping[str, Any] | None) -> str:
    """The Brock risk of one nodule as a percentage or a range; empty where it was not computed."""
    risk = (brock or {}).get(str(nodule_id))
    return number_text.percent_range(risk["low"], risk["high"]) if risk else ""


def reason_text(item: NotAssessed, t: Messages) -> str:
    """Why something was not assessed; a reason that has no code is shown as it was written."""
    key = f"reason.{item.code}"
    if key not in t.texts:
        return item.reason
    inputs = t.listed([t.name_of("unknown", name) for name in item.inputs])
    text = t(key, nodules=t.nodules(item.nodules) if item.nodules else "", inputs=inputs)
    return text[0].upper() + text[1:]
