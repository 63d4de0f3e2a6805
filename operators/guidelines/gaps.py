"""What guidelines ask and could not be answered, as codes with the nodules and inputs concerned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nodulescope.operators.examination.nodule import Nodule, NoduleType
from nodulescope.operators.examination.recommendation import Recommendation
from nodulescope.operators.guidelines.brock import AGES_OF_THE_MODEL, BrockRisk
from nodulescope.operators.guidelines.features import is_spiculated, size_of
from nodulescope.operators.guidelines.fleischner import Exclusion, exclusion, unknown_conditions
from nodulescope.operators.guidelines.follow_up import Earlier
from nodulescope.operators.guidelines.growth import Growth, growth, solid_part_growth
from nodulescope.operators.guidelines.history import PatientHistory, Smoking
from nodulescope.operators.guidelines.lung_rads import Category, Classed, Row

JUXTAPLEURAL_MM = 10.0
"""Below this a solid, smooth, oval, lentiform or triangular nodule at the pleura is category 2."""


class Gap(StrEnum):
    """Reasons; :mod:`nodulescope.operators.guidelines.wording` has the words."""

    NO_PRIOR = "no-prior"
    COVERAGE = "coverage"
    SOLID_PART = "solid-part"
    OPEN_CATEGORY = "open-category"
    AIRWAYS = "airways"
    CYSTS = "cysts"
    JUXTAPLEURAL = "juxtapleural"
    FAT = "fat"
    CALCIFIED_SET_ASIDE = "calcified-set-aside"
    CALCIFIED_BY_SIZE = "calcified-by-size"
    INFECTION = "infection"
    FEATURES = "features"
    SPICULATION = "spiculation"
    SLOW_GROWTH = "slow-growth"
    EARLIER_CATEGORY = "earlier-category"
    EARLIER_TYPE = "earlier-type"
    MODIFIER_S = "modifier-s"
    MASSES = "masses"
    FLEISCHNER_NO_NODULE = "fleischner-no-nodule"
    FLEISCHNER_TOO_YOUNG = "fleischner-too-young"
    FLEISCHNER_CANCER = "fleischner-cancer"
    FLEISCHNER_IMMUNOSUPPRESSED = "fleischner-immunosuppressed"
    FLEISCHNER_CONDITIONS = "fleischner-conditions"
    FLEISCHNER_RISK = "fleischner-risk"
    FLEISCHNER_INTERVALS = "fleischner-intervals"
    BROCK_INPUTS = "brock-inputs"
    BROCK_POPULATION = "brock-population"
    BROCK_POPULATION_UNKNOWN = "brock-population-unknown"


WHAT: Mapping[Gap, str] = {
    Gap.NO_PRIOR: "nodules[].prior",
    Gap.COVERAGE: "lung_coverage",
    Gap.SOLID_PART: "nodules[].lung_rads",
    Gap.OPEN_CATEGORY: "lung_rads",
    Gap.AIRWAYS: "airway_nodules",
    Gap.CYSTS: "atypical_cysts",
    Gap.JUXTAPLEURAL: "juxtapleural_shape",
    Gap.FAT: "fat",
    Gap.CALCIFIED_SET_ASIDE: "calcification_pattern",
    Gap.CALCIFIED_BY_SIZE: "calcification",
    Gap.INFECTION: "infection",
    Gap.FEATURES: "suspicious_features",
    Gap.SPICULATION: "spiculation",
    Gap.SLOW_GROWTH: "slow_growth",
    Gap.EARLIER_CATEGORY: "earlier_category",
    Gap.EARLIER_TYPE: "earlier_type",
    Gap.MODIFIER_S: "modifier_s",
    Gap.MASSES: "masses",
    Gap.FLEISCHNER_NO_NODULE: "fleischner",
    Gap.FLEISCHNER_TOO_YOUNG: "fleischner",
    Gap.FLEISCHNER_CANCER: "fleischner",
    Gap.FLEISCHNER_IMMUNOSUPPRESSED: "fleischner",
    Gap.FLEISCHNER_CONDITIONS: "fleischner_conditions",
    Gap.FLEISCHNER_RISK: "fleischner_risk",
    Gap.FLEISCHNER_INTERVALS: "fleischner_intervals",
    Gap.BROCK_INPUTS: "brock_inputs",
    Gap.BROCK_POPULATION: "brock_population",
    Gap.BROCK_POPULATION_UNKNOWN: "brock_population",
}
"""The key of ``findings.json``, or the clinical item, that stays open; of two gaps with the same one only one occurs at a time."""

WHY_EXCLUDED = {
    Exclusion.TOO_YOUNG: Gap.FLEISCHNER_TOO_YOUNG,
    Exclusion.CANCER: Gap.FLEISCHNER_CANCER,
    Exclusion.IMMUNOSUPPRESSED: Gap.FLEISCHNER_IMMUNOSUPPRESSED,
}


@dataclass(frozen=True)
class Missing:
    """One gap.

    Attributes:
        gap: what is missing.
        nodules: ids of the nodules that it concerns; empty where it concerns the whole examination.
        inputs: names of the inputs that are not known, fields of the history or of the Brock model.
    """

    gap: Gap
    nodules: tuple[int, ...] = ()
    inputs: tuple[str, ...] = ()


def lung_rads_gaps(nodules: Sequence[Nodule], past: Mapping[int, Earlier], classed: Mapping[int, Classed]) -> list[Missing]:
    """What Lung-RADS asks and was not looked at; what concerns single nodules only where there are such.

    Args:
        nodules: of the examination.
        past: nodule id to what it was, for those that the prior examination shows.
        classed: nodule id to category, for those that have one.
    """
    raised = [n for n in nodules if n.id in classed and classed[n.id].category.rank >= Category.PROBABLY_BENIGN.rank]
    solid = [n for n in raised if size_of(n).type is NoduleType.SOLID]
    calcified = [n for n in nodules if n.type is NoduleType.CALCIFIED]
    benign = {number for number, own in classed.items() if own.row is Row.BENIGN_CALCIFICATION}
    concerned = {
        Gap.SOLID_PART: [n for n in nodules if n.id not in classed],
        Gap.JUXTAPLEURAL: [n for n in solid if size_of(n).mean_mm < JUXTAPLEURAL_MM],
        Gap.FAT: [n for n in raised if size_of(n).type is not NoduleType.GROUND_GLASS],
        Gap.CALCIFIED_SET_ASIDE: [n for n in calcified if n.id in benign],
        Gap.CALCIFIED_BY_SIZE: [n for n in calcified if n.id not in benign],
        Gap.FEATURES: raised,
        Gap.SPICULATION: [n for n in raised if is_spiculated(n) is None],
        Gap.SLOW_GROWTH: [n for n in nodules if n.id in past and _grows_slowly(n, past[n.id])],
        Gap.EARLIER_CATEGORY: [n for n in nodules if n.id in past and past[n.id].lung_rads is None],
        Gap.EARLIER_TYPE: [n for n in nodules if n.id in past and n.type is NoduleType.PART_SOLID and not past[n.id].type_known],
        Gap.MASSES: [n for n in nodules if n.is_mass],
    }
    general = [Missing(gap) for gap in (Gap.AIRWAYS, Gap.CYSTS, Gap.INFECTION, Gap.MODIFIER_S)]
    return general + [Missing(gap, tuple(n.id for n in those)) for gap, those in concerned.items() if those]


def fleischner_gaps(recommendations: Sequence[Recommendation], history: PatientHistory, past: Mapping[int, Earlier]) -> list[Missing]:
    """Why Fleischner gives no recommendation, or what its recommendations rest on.

    Args:
        recommendations: what it recommends.
        history: of the patient.
        past: as in :func:`lung_rads_gaps`.
    """
    excluded = exclusion(history)
    if excluded is not None:
        return [Missing(WHY_EXCLUDED[excluded])]
    if not recommendations:
        return [Missing(Gap.FLEISCHNER_NO_NODULE)]
    missing = []
    if unknown := unknown_conditions(history):
        missing.append(Missing(Gap.FLEISCHNER_CONDITIONS, inputs=unknown))
    if history.cancer_risk is None and any(one.risk for one in recommendations):
        missing.append(Missing(Gap.FLEISCHNER_RISK, inputs=("cancer_risk",)))
    if known := {number for one in recommendations for number in one.nodules if number in past}:
        missing.append(Missing(Gap.FLEISCHNER_INTERVALS, tuple(sorted(known))))
    return missing


def brock_gaps(risks: Mapping[int, BrockRisk], history: PatientHistory) -> list[Missing]:
    """Inputs that make the Brock probabilities a range, and whether the patient is one of those that the model was made on.

    Args:
        risks: nodule id to probability.
        history: of the patient.
    """
    if not risks:
        return []
    unknown = tuple(dict.fromkeys(name for risk in risks.values() for name in risk.unknown))
    missing = [Missing(Gap.BROCK_INPUTS, inputs=unknown)] if unknown else []
    youngest, oldest = AGES_OF_THE_MODEL
    if history.smoking is Smoking.NEVER or (history.age is not None and not youngest <= history.age <= oldest):
        return [*missing, Missing(Gap.BROCK_POPULATION)]
    untold = tuple(name for name in ("age", "smoking") if getattr(history, name) is None)
    return [*missing, Missing(Gap.BROCK_POPULATION_UNKNOWN, inputs=untold)] if untold else missing


def _grows_slowly(nodule: Nodule, past: Earlier) -> bool:
    size = size_of(nodule)
    return Growth.SLOW in (growth(size, past), solid_part_growth(size, past))
