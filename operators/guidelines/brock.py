"""The Brock model (PanCan full model with spiculation): probability that a nodule is cancer.

Source: McWilliams et al., N Engl J Med 2013;369:910, model 2b; coefficients from its supplementary appendix. It was made on people of 50
to 75 years who smoke or smoked, on their first screening CT.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nodulescope.operators.examination.nodule import NoduleType
from nodulescope.operators.guidelines.history import Sex

INTERCEPT = -6.7892
PER_YEAR = 0.0287
MEAN_AGE = 62.0
FEMALE = 0.6011
FAMILY_HISTORY = 0.2961
EMPHYSEMA = 0.2953
SIZE = -5.3854
MEAN_SIZE_TERM = 1.58113883
"""The size term of a nodule of 4 mm: (4 / 10) to the power of -1/2."""

TYPE: Mapping[NoduleType, float] = {
    NoduleType.SOLID: 0.0,
    NoduleType.CALCIFIED: 0.0,
    NoduleType.PART_SOLID: 0.3770,
    NoduleType.GROUND_GLASS: -0.1276,
}
UPPER_LOBE = 0.6581
PER_NODULE = -0.0824
MEAN_COUNT = 4.0
SPICULATION = 0.7729

AGES_OF_THE_MODEL = (50.0, 75.0)
"""Ages of the people that the model was made on: the range where an age is not known."""


@dataclass(frozen=True)
class BrockInputs:
    """What the model asks; None where it is not known.

    Attributes:
        type: of the nodule; calcified counts as solid.
        long_axis_mm: longest diameter of the nodule.
        count: number of nodules in the examination.
        age: in years.
        sex: of the patient.
        family_history: lung cancer in the family.
        emphysema: on CT or by history.
        upper_lobe: whether the nodule lies in an upper lobe.
        spiculation: whether the nodule is spiculated.

    Raises:
        ValueError: the diameter is not positive, or there is no nodule.
    """

    type: NoduleType
    long_axis_mm: float
    count: int
    age: float | None = None
    sex: Sex | None = None
    family_history: bool | None = None
    emphysema: bool | None = None
    upper_lobe: bool | None = None
    spiculation: bool | None = None

    def __post_init__(self) -> None:
        if self.long_axis_mm <= 0 or self.count < 1:
            raise ValueError(f"Brock's model asks for a nodule of positive size, not {self.count} of {self.long_axis_mm} mm")


@dataclass(frozen=True)
class BrockRisk:
    """Lowest and highest probability that fits what is known; they are equal where everything is.

    Attributes:
        low: 0 to 1.
        high: 0 to 1.
        unknown: names of the inputs that are not known.
    """

    low: float
    high: float
    unknown: tuple[str, ...]


def brock(inputs: BrockInputs) -> BrockRisk:
    """Compute the probability of cancer.

    Every input that is not known adds its smallest possible term to the low and its largest to the high bound. Terms add up and the
    logistic function rises, so the bounds are exact.
    """
    terms = {
        "age": _per_year(inputs.age),
        "sex": _term(FEMALE, None if inputs.sex is None else inputs.sex is Sex.FEMALE),
        "family_history": _term(FAMILY_HISTORY, inputs.family_history),
        "emphysema": _term(EMPHYSEMA, inputs.emphysema),
        "upper_lobe": _term(UPPER_LOBE, inputs.upper_lobe),
        "spiculation": _term(SPICULATION, inputs.spiculation),
    }
    size = SIZE * ((inputs.long_axis_mm / 10.0) ** -0.5 - MEAN_SIZE_TERM)
    known = INTERCEPT + size + TYPE[inputs.type] + PER_NODULE * (inputs.count - MEAN_COUNT)
    low, high = (_logistic(known + math.fsum(pair[end] for pair in terms.values())) for end in (0, 1))
    return BrockRisk(low, high, tuple(name for name in terms if getattr(inputs, name) is None))


def _per_year(age: float | None) -> tuple[float, float]:
    youngest, oldest = AGES_OF_THE_MODEL if age is None else (age, age)
    return PER_YEAR * (youngest - MEAN_AGE), PER_YEAR * (oldest - MEAN_AGE)


def _term(coefficient: float, present: bool | None) -> tuple[float, float]:
    """Smallest and largest contribution of something that is there, is not there, or may be; coefficients are positive."""
    return (coefficient if present else 0.0), (0.0 if present is False else coefficient)


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))
