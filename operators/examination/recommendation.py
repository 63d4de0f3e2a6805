"""What a guideline says is to be done next, as codes and numbers: the words are chosen by whoever writes for a reader."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Guideline(StrEnum):
    """A published rule for lung nodules, with its year."""

    LUNG_RADS = "lung-rads-2022"
    FLEISCHNER = "fleischner-2017"
    BTS = "bts-2015"


@dataclass(frozen=True)
class Recommendation:
    """One recommendation. Months count from the examination at hand.

    Attributes:
        guideline: whose recommendation it is.
        code: which of the guideline's recommendations, a member of that guideline's own enumeration.
        nodules: ids of the nodules that it rests on; empty where it rests on none in particular.
        months: earliest and latest time of the next CT, or None where the guideline asks for something else or names no time.
        later_months: times of the CTs after that: a range or single ones, as the code says.
        every_months: distance of CTs that are repeated after the next one, or None.
        until_months: when such a series ends, or None.
        pet_ct: True where PET/CT may be considered because a solid nodule or solid part is large enough.
        risk: ``low`` or ``high`` where it holds for patients of that risk only, else None.
        provided: what the guideline demands of the patient and could not be checked: names of fields of the history.
        category: the guideline's category that it belongs to; None for guidelines without categories.
    """

    guideline: Guideline
    code: str
    nodules: tuple[int, ...] = ()
    months: tuple[int, int] | None = None
    later_months: tuple[int, ...] = ()
    every_months: int | None = None
    until_months: int | None = None
    pet_ct: bool = False
    risk: str | None = None
    provided: tuple[str, ...] = ()
    category: str | None = None
