"""The English words for every code of the guidelines. Another language is one more module like this one.

Texts keep to ASCII where DICOM text and plain terminals must show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nodulescope.operators.examination.examination import NotAssessed
from nodulescope.operators.examination.recommendation import Guideline, Recommendation
from nodulescope.operators.guidelines.bts import Bts
from nodulescope.operators.guidelines.fleischner import Fleischner
from nodulescope.operators.guidelines.gaps import WHAT, Gap, Missing
from nodulescope.operators.guidelines.lung_rads import Row
from nodulescope.operators.guidelines.lung_rads_examination import Management

GUIDELINE_NAMES: Mapping[Guideline, str] = {
    Guideline.LUNG_RADS: "Lung-RADS v2022 (screening)",
    Guideline.FLEISCHNER: "Fleischner 2017 (incidental nodules)",
    Guideline.BTS: "BTS 2015",
}

INPUT_NAMES: Mapping[str, str] = {
    "age": "age",
    "sex": "sex",
    "family_history": "lung cancer in the family",
    "emphysema": "emphysema",
    "upper_lobe": "whether a nodule lies in an upper lobe",
    "spiculation": "spiculation",
    "smoking": "smoking",
    "known_cancer": "known cancer",
    "immunosuppressed": "immunosuppression",
    "cancer_risk": "risk of lung cancer",
}

CONDITIONS: Mapping[str, str] = {
    "age": "is at least 35 years old",
    "known_cancer": "has no known cancer",
    "immunosuppressed": "is not immunosuppressed",
}

_RECOMMENDATIONS: Mapping[str, str] = {
    Management.COMPLETE_THE_SCAN: "Scan the parts of the lungs that this CT does not show",
    Management.SCREENING_CT: "Screening with low-dose CT in {months}",
    Management.FOLLOW_UP_CT: "Low-dose CT in {months}",
    Management.WORK_UP: "Refer for further clinical evaluation: diagnostic chest CT with or without contrast, tissue sampling",
    Fleischner.NO_FOLLOW_UP: "No routine follow-up",
    Fleischner.OPTIONAL_CT: "CT in {months} is optional",
    Fleischner.CT_THEN_CONSIDER_CT: "CT in {months}, then consider CT at {later}",
    Fleischner.CT_THEN_CT: "CT in {months}, then CT at {later}",
    Fleischner.CT_PET_OR_TISSUE: "Consider CT in {months}, PET/CT or tissue sampling",
    Fleischner.GROUND_GLASS_SERIES: "CT in {months} to confirm that it persists, then CT every {every} until {until}",
    Fleischner.PART_SOLID_SERIES: "CT in {months} to confirm that it persists; if it is unchanged and its solid part stays under 6 mm, CT"
    " every {every} for {until}",
    Fleischner.PART_SOLID_SUSPICIOUS: "CT in {months} to confirm that it persists; with a solid part of 6 mm or more a persisting nodule is"
    " highly suspicious",
    Fleischner.PART_SOLID_NOT_MEASURED: "CT in {months} to confirm that it persists; what follows depends on the solid part, which was not"
    " measured",
    Fleischner.SMALL_SUBSOLID_SERIES: "CT in {months}; if stable, consider CT at {later}",
    Fleischner.SUBSOLID_BY_MOST_SUSPICIOUS: "CT in {months}, then as the most suspicious nodule asks for",
    Bts.DISCHARGE: "No follow-up: smaller than 5 mm or 80 mm3",
    Bts.STABLE_DISCHARGE: "No further follow-up: stable for long enough",
    Bts.NEW_SMALL: "Follow-up CT: small, but new since the prior examination; the guideline names no interval",
    Bts.SURVEILLANCE: "CT in {months} and, without growth, at {later}",
    Bts.CT_AT_ONE_YEAR: "CT one year after the first examination",
    Bts.RISK_LOW: "Brock risk under 10 %: CT in {months} and, without growth, at {later}",
    Bts.RISK_HIGH: "Brock risk of 10 % or more: PET-CT, then the Herder risk decides",
    Bts.RISK_OPEN: "Brock risk under or over 10 %, depending on what is not known: CT in 3 months if under, PET-CT and Herder risk if not",
    Bts.FAST_GROWTH: "Growth, doubling its volume within 400 days or plain to see: further work-up, consider definitive treatment",
    Bts.MEDIUM_GROWTH: "Volume doubling time of 400 to 600 days: consider biopsy or further CT, as the patient prefers",
    Bts.SLOW_GROWTH: "Volume doubling time over 600 days: consider discharge or further CT, as the patient prefers",
    Bts.SUBSOLID_CT: "Subsolid: thin-section CT in {months}",
    Bts.SUBSOLID_RISK_LOW: "Subsolid, persisting, Brock risk under 10 %: CT 1, 2 and 4 years after the first examination",
    Bts.SUBSOLID_RISK_HIGH: "Subsolid, persisting, Brock risk of 10 % or more: discuss CT, biopsy, resection or non-surgical treatment",
    Bts.SUBSOLID_RISK_OPEN: "Subsolid, persisting, Brock risk under or over 10 %, depending on what is not known: CT 1, 2 and 4 years after"
    " the first examination if under, else discuss biopsy, resection or non-surgical treatment",
    Bts.SUBSOLID_GROWTH: "Subsolid and growing: consider resection or non-surgical treatment",
}

_PET_CT = "; PET/CT may be considered from 8 mm of solid tissue on"

ROWS: Mapping[Row, str] = {
    Row.BENIGN_CALCIFICATION: "calcified throughout",
    Row.SOLID_BASELINE_UNDER_6: "solid, under 6 mm",
    Row.SOLID_BASELINE_6_TO_8: "solid, 6 to under 8 mm",
    Row.SOLID_BASELINE_8_TO_15: "solid, 8 to under 15 mm",
    Row.SOLID_BASELINE_FROM_15: "solid, 15 mm or more",
    Row.SOLID_NEW_UNDER_4: "new, solid, under 4 mm",
    Row.SOLID_NEW_4_TO_6: "new, solid, 4 to under 6 mm",
    Row.SOLID_NEW_6_TO_8: "new, solid, 6 to under 8 mm",
    Row.SOLID_NEW_FROM_8: "new, solid, 8 mm or more",
    Row.SOLID_GROWING_UNDER_8: "growing, solid, under 8 mm",
    Row.SOLID_GROWING_FROM_8: "growing, solid, 8 mm or more",
    Row.PART_SOLID_BASELINE_UNDER_6: "part-solid, under 6 mm",
    Row.PART_SOLID_BASELINE_SOLID_UNDER_6: "part-solid, 6 mm or more, solid part under 6 mm",
    Row.PART_SOLID_BASELINE_SOLID_6_TO_8: "part-solid, solid part 6 to under 8 mm",
    Row.PART_SOLID_BASELINE_SOLID_FROM_8: "part-solid, solid part 8 mm or more",
    Row.PART_SOLID_NEW_UNDER_6: "new, part-solid, under 6 mm",
    Row.PART_SOLID_GROWING_UNDER_6: "growing, part-solid, under 6 mm",
    Row.PART_SOLID_ACTIVE_SOLID_UNDER_4: "part-solid, new or growing solid part under 4 mm",
    Row.PART_SOLID_ACTIVE_SOLID_FROM_4: "part-solid, new or growing solid part of 4 mm or more",
    Row.GROUND_GLASS_UNDER_30: "ground-glass, under 30 mm",
    Row.GROUND_GLASS_FROM_30: "ground-glass, 30 mm or more",
    Row.GROUND_GLASS_FROM_30_STABLE: "ground-glass, 30 mm or more, stable or slowly growing",
    Row.MASS: "a mass, over 30 mm",
    Row.STABLE_3: "category 3 before, stable or smaller at 6 months",
    Row.STABLE_4A: "category 4A before, stable or smaller at 3 months",
    Row.STAYS: "keeps the category that it had in the prior examination",
    Row.SPICULATED: "category 3 or 4 by size, and spiculated by the grading network's rating",
}

_REASONS: Mapping[Gap, str] = {
    Gap.NO_PRIOR: "No prior examination was compared, so every nodule is a baseline finding.",
    Gap.COVERAGE: "The scan does not cover both lungs fully; what lies outside was not assessed.",
    Gap.SOLID_PART: "{nodules}: the solid part, which Lung-RADS asks for, was not measured.",
    Gap.OPEN_CATEGORY: "A nodule that could not be classed may be the most suspicious one.",
    Gap.AIRWAYS: "Whether a nodule lies in an airway was not assessed; Lung-RADS classes those by their place.",
    Gap.CYSTS: "Cysts were not looked for; Lung-RADS has categories for atypical ones.",
    Gap.JUXTAPLEURAL: "{nodules}: shape and contact with the pleura were not assessed; at the pleura, smooth, and oval, lentiform or"
    " triangular would be Lung-RADS category 2.",
    Gap.FAT: "{nodules}: fat was not looked for; with fat inside it would be Lung-RADS category 1.",
    Gap.CALCIFIED_SET_ASIDE: "{nodules}: calcified for the most part and taken as benign; whether the pattern is complete, central,"
    " popcorn-like or in rings was not assessed. With another pattern it would count as solid.",
    Gap.CALCIFIED_BY_SIZE: "{nodules}: dense as calcium, but not clearly benign by what was assessed, so classed by size like a solid"
    " nodule; the pattern of calcification was not assessed.",
    Gap.INFECTION: "Signs of infection or inflammation (Lung-RADS category 0) were not looked for.",
    Gap.FEATURES: "{nodules}: of the features that would make it Lung-RADS 4X only spiculation was assessed, not lymph nodes, spread or"
    " ground glass that doubles within a year.",
    Gap.SPICULATION: "{nodules}: the rating does not tell whether there is spiculation; if so, it would be Lung-RADS 4X.",
    Gap.SLOW_GROWTH: "{nodules}: grew by more than 1.5 mm, but slowly; if solid or part-solid and growing over several examinations, it"
    " may be Lung-RADS 4B, and only one examination was compared.",
    Gap.EARLIER_CATEGORY: "{nodules}: the Lung-RADS category in the prior examination is not known; the one that the earlier size has at"
    " baseline was taken.",
    Gap.EARLIER_TYPE: "{nodules}: the type in the prior examination is not known, so whether the solid part is new was not assessed.",
    Gap.MODIFIER_S: "Other findings of significance (Lung-RADS modifier S) were not looked for.",
    Gap.MASSES: "{nodules}: a mass (over 30 mm), outside the rules for nodules of Fleischner, BTS and Brock.",
    Gap.FLEISCHNER_NO_NODULE: "There is no nodule that the Fleischner guideline holds for.",
    Gap.FLEISCHNER_TOO_YOUNG: "The Fleischner guideline does not hold below 35 years.",
    Gap.FLEISCHNER_CANCER: "The Fleischner guideline does not hold for patients with a known cancer.",
    Gap.FLEISCHNER_IMMUNOSUPPRESSED: "The Fleischner guideline does not hold for immunosuppressed patients.",
    Gap.FLEISCHNER_CONDITIONS: "The Fleischner guideline holds from 35 years on, without a known cancer or immunosuppression; not known:"
    " {inputs}.",
    Gap.FLEISCHNER_RISK: "The patient's risk of lung cancer is not known, so the recommendations for low and for high risk are given.",
    Gap.FLEISCHNER_INTERVALS: "{nodules}: there before; the intervals of the Fleischner guideline count from the first examination that"
    " shows it.",
    Gap.BROCK_INPUTS: "The Brock probability is a range, because this is not known: {inputs}.",
    Gap.BROCK_POPULATION: "The Brock model was made on smokers and former smokers of 50 to 75 years; this patient is not one of them.",
    Gap.BROCK_POPULATION_UNKNOWN: "The Brock model was made on smokers and former smokers of 50 to 75 years; not known: {inputs}.",
}


def recommendation_text(recommendation: Recommendation) -> str:
    """What is to be done, by which guideline, after how many months, for which nodules.

    Args:
        recommendation: of any guideline.

    Returns:
        One sentence, such as ``Lung-RADS v2022 (screening), category 3: Low-dose CT in 6 months (nodule 2).``
    """
    text = _RECOMMENDATIONS[recommendation.code].format(
        months=_months(recommendation.months or ()),
        later=_months(recommendation.later_months, " and " if recommendation.code == Fleischner.SMALL_SUBSOLID_SERIES else " to "),
        every=_months((recommendation.every_months or 0,)),
        until=_months((recommendation.until_months or 0,)),
    )
    if recommendation.risk:
        text = f"{recommendation.risk} risk: {text}"
    if recommendation.nodules:
        text += f" ({_nodules(recommendation.nodules)})"
    if recommendation.pet_ct and recommendation.guideline is Guideline.LUNG_RADS:
        text += _PET_CT
    if recommendation.provided:
        text += f"; provided that the patient {_listed([CONDITIONS[name] for name in recommendation.provided])}"
    category = f", category {recommendation.category}" if recommendation.category else ""
    return f"{GUIDELINE_NAMES[recommendation.guideline]}{category}: {text}."


def recommendations_text(recommendations: Iterable[Recommendation]) -> str:
    """Several recommendations as sentences one after another."""
    return " ".join(recommendation_text(recommendation) for recommendation in recommendations)


def not_assessed(missing: Missing) -> NotAssessed:
    """A gap in words, with its code beside them."""
    inputs = _listed([INPUT_NAMES[name] for name in missing.inputs])
    reason = _REASONS[missing.gap].format(nodules=_nodules(missing.nodules), inputs=inputs)
    return NotAssessed(WHAT[missing.gap], reason[0].upper() + reason[1:], str(missing.gap), missing.nodules, missing.inputs)


def _nodules(ids: Sequence[int]) -> str:
    """``nodule 2`` or ``nodules 1, 2 and 5``."""
    return f"nodule{'s' if len(ids) > 1 else ''} {_listed([str(number) for number in ids])}"


def _months(months: Sequence[int], joint: str = " to ") -> str:
    """``3 months``, ``6 to 12 months``, ``2 and 4 years``."""
    distinct = list(dict.fromkeys(months))
    in_years = bool(distinct) and all(month % 12 == 0 and month >= 24 for month in distinct)
    numbers = [str(month // 12 if in_years else month) for month in distinct]
    unit = "years" if in_years else "months"
    return f"{joint.join(numbers)} {unit}"


def _listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
