"""Fleischner Society 2017: nodules found by chance.

Source: MacMahon et al., Radiology 2017;284:228, table 1 and its comments. Diameters are the mean of long and short axis, rounded to whole
millimetres (Bankier et al., Radiology 2017;285:584), so that 5.5 mm counts as 6 and 8.4 mm as 8. The table's volumes (100 and 250 mm³)
are an alternative that is not used. It does not hold for screening, below 35 years, with a known cancer, or with immunosuppression.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

from nodulescope.operators.examination.nodule import Nodule, NoduleType
from nodulescope.operators.examination.recommendation import Guideline, Recommendation
from nodulescope.operators.guidelines.features import size_of
from nodulescope.operators.guidelines.history import PatientHistory, Risk

YOUNGEST_YEARS = 35
"""The guideline holds from this age on."""

SMALL_MM = 6
"""Below this (rounded) a nodule is small."""

LARGE_MM = 8
"""Above this (rounded) a solid nodule is large."""

SOLID_PART_MM = 6
"""From this (rounded) on, a persisting solid part is highly suspicious."""


class Fleischner(StrEnum):
    """The recommendations of the table, named by what is done."""

    NO_FOLLOW_UP = "no-routine-follow-up"
    OPTIONAL_CT = "optional-ct"
    CT_THEN_CONSIDER_CT = "ct-then-consider-ct"
    CT_THEN_CT = "ct-then-ct"
    CT_PET_OR_TISSUE = "consider-ct-pet-ct-or-tissue"
    GROUND_GLASS_SERIES = "ground-glass-series"
    PART_SOLID_SERIES = "part-solid-series"
    PART_SOLID_SUSPICIOUS = "part-solid-suspicious"
    PART_SOLID_NOT_MEASURED = "part-solid-not-measured"
    SMALL_SUBSOLID_SERIES = "multiple-small-subsolid-series"
    SUBSOLID_BY_MOST_SUSPICIOUS = "multiple-subsolid-by-most-suspicious"


class Exclusion(StrEnum):
    """Why the guideline does not hold for a patient."""

    TOO_YOUNG = "too-young"
    CANCER = "known-cancer"
    IMMUNOSUPPRESSED = "immunosuppressed"


def exclusion(history: PatientHistory) -> Exclusion | None:
    """The first known reason against the guideline, or None."""
    if history.age is not None and history.age < YOUNGEST_YEARS:
        return Exclusion.TOO_YOUNG
    if history.known_cancer:
        return Exclusion.CANCER
    return Exclusion.IMMUNOSUPPRESSED if history.immunosuppressed else None


def unknown_conditions(history: PatientHistory) -> tuple[str, ...]:
    """Names of what the guideline demands and nobody told."""
    return tuple(name for name in ("age", "known_cancer", "immunosuppressed") if getattr(history, name) is None)


def fleischner(nodules: Sequence[Nodule], history: PatientHistory) -> tuple[Recommendation, ...]:
    """Recommend for solid and for subsolid nodules, each group single or multiple by its own number.

    Where the patient's risk is not known and the table tells low from high risk, both recommendations are given, each with its risk.

    Args:
        nodules: those the guideline holds for: no masses, nothing calcified throughout.
        history: of a patient that :func:`exclusion` does not exclude.
    """
    solid = [nodule for nodule in nodules if size_of(nodule).type is NoduleType.SOLID]
    subsolid = [nodule for nodule in nodules if size_of(nodule).type is not NoduleType.SOLID]
    provided = unknown_conditions(history)
    recommendations: tuple[Recommendation, ...] = ()
    if solid:
        recommendations += _solid(solid, history.cancer_risk, provided)
    if subsolid:
        recommendations += (_single_subsolid(subsolid[0], provided) if len(subsolid) == 1 else _multiple_subsolid(subsolid, provided),)
    return recommendations


def whole_mm(diameter_mm: float) -> int:
    """A diameter in whole millimetres, halves up."""
    return math.floor(diameter_mm + 0.5)


def _solid(nodules: Sequence[Nodule], risk: Risk | None, provided: tuple[str, ...]) -> tuple[Recommendation, ...]:
    """Both risks' recommendations, or the one of a known risk; one without a risk where both agree."""
    largest = max(whole_mm(size_of(nodule).mean_mm) for nodule in nodules)
    ids = tuple(nodule.id for nodule in nodules)
    if largest > LARGE_MM and len(nodules) == 1:
        return (Recommendation(Guideline.FLEISCHNER, Fleischner.CT_PET_OR_TISSUE, ids, (3, 3), pet_ct=True, provided=provided),)

    def of(one: Risk) -> Recommendation:
        if largest < SMALL_MM:
            code, months = (Fleischner.NO_FOLLOW_UP, None) if one is Risk.LOW else (Fleischner.OPTIONAL_CT, (12, 12))
            return Recommendation(Guideline.FLEISCHNER, code, ids, months, risk=one, provided=provided)
        code = Fleischner.CT_THEN_CONSIDER_CT if one is Risk.LOW else Fleischner.CT_THEN_CT
        months = (6, 12) if len(nodules) == 1 else (3, 6)
        return Recommendation(Guideline.FLEISCHNER, code, ids, months, (18, 24), risk=one, provided=provided)

    return tuple(of(one) for one in ([risk] if risk else Risk))


def _single_subsolid(nodule: Nodule, provided: tuple[str, ...]) -> Recommendation:
    size, ids = size_of(nodule), (nodule.id,)
    if whole_mm(size.mean_mm) < SMALL_MM:
        return Recommendation(Guideline.FLEISCHNER, Fleischner.NO_FOLLOW_UP, ids, provided=provided)
    if size.type is NoduleType.GROUND_GLASS:
        code, months, every = Fleischner.GROUND_GLASS_SERIES, (6, 12), 24
        return Recommendation(Guideline.FLEISCHNER, code, ids, months, every_months=every, until_months=60, provided=provided)
    if size.solid_mm is None:
        return Recommendation(Guideline.FLEISCHNER, Fleischner.PART_SOLID_NOT_MEASURED, ids, (3, 6), provided=provided)
    if whole_mm(size.solid_mm) >= SOLID_PART_MM:
        return Recommendation(Guideline.FLEISCHNER, Fleischner.PART_SOLID_SUSPICIOUS, ids, (3, 6), pet_ct=True, provided=provided)
    code, months, every = Fleischner.PART_SOLID_SERIES, (3, 6), 12
    return Recommendation(Guideline.FLEISCHNER, code, ids, months, every_months=every, until_months=60, provided=provided)


def _multiple_subsolid(nodules: Sequence[Nodule], provided: tuple[str, ...]) -> Recommendation:
    ids = tuple(nodule.id for nodule in nodules)
    if all(whole_mm(size_of(nodule).mean_mm) < SMALL_MM for nodule in nodules):
        return Recommendation(Guideline.FLEISCHNER, Fleischner.SMALL_SUBSOLID_SERIES, ids, (3, 6), (24, 48), provided=provided)
    return Recommendation(Guideline.FLEISCHNER, Fleischner.SUBSOLID_BY_MOST_SUSPICIOUS, ids, (3, 6), provided=provided)
