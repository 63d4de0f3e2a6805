"""What guidelines ask about a patient, each item None until it is known."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

OLDEST_YEARS = 120
"""An age above this is a mistake in the record."""


class Sex(StrEnum):
    """Sex, as the Brock model has it."""

    FEMALE = "female"
    MALE = "male"


class Smoking(StrEnum):
    """Whether the patient smokes, did so, or never did."""

    NEVER = "never"
    FORMER = "former"
    CURRENT = "current"


class Risk(StrEnum):
    """A doctor's estimate of the patient's risk of lung cancer, in the two classes of Fleischner 2017."""

    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True)
class PatientHistory:
    """Facts about a patient that no picture of the lungs shows.

    Attributes:
        age: at the time of the CT, in years.
        sex: for the Brock model.
        family_history: lung cancer in the family (Brock).
        emphysema: (Brock).
        smoking: the Brock model was made on people who smoke or smoked.
        known_cancer: a known primary cancer that may spread to the lungs; Fleischner does not apply then.
        immunosuppressed: Fleischner does not apply then.
        cancer_risk: low or high by a doctor's judgement (Fleischner); it is never computed from the other facts, since the guideline
            gives no formula.

    Raises:
        ValueError: the age is not a possible one.
    """

    age: float | None = None
    sex: Sex | None = None
    family_history: bool | None = None
    emphysema: bool | None = None
    smoking: Smoking | None = None
    known_cancer: bool | None = None
    immunosuppressed: bool | None = None
    cancer_risk: Risk | None = None

    def __post_init__(self) -> None:
        if self.age is not None and not 0 <= self.age <= OLDEST_YEARS:
            raise ValueError(f"an age must lie between 0 and {OLDEST_YEARS} years, not {self.age}")

    def completed_by(self, other: PatientHistory) -> PatientHistory:
        """This history, with what it does not know taken from another one."""
        names = [field.name for field in fields(self)]
        values = {name: getattr(self, name) if getattr(self, name) is not None else getattr(other, name) for name in names}
        return PatientHistory(**values)
