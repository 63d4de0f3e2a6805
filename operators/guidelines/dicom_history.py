"""Age and sex from the headers of a CT."""

from __future__ import annotations

from datetime import date, datetime

from pydicom.dataset import Dataset

from nodulescope.bundles.contracts import CTSource
from nodulescope.bundles.errors import InputError
from nodulescope.operators.guidelines.history import OLDEST_YEARS, PatientHistory, Sex

DAYS_PER_UNIT = {"D": 1.0, "W": 7.0, "M": 365.25 / 12, "Y": 365.25}
"""Units of a DICOM age string (PS3.5, section 6.2, AS)."""

AGE_TOLERANCE_YEARS = 1.0
"""Ages in two records may differ by the birthday between them."""


def known_history(history: PatientHistory, source: CTSource) -> PatientHistory:
    """Put together what a person says of the patient and what the CT's headers say.

    Args:
        history: what a person says; it goes first.
        source: where the CT came from; only DICOM has headers.

    Raises:
        InputError: the two contradict each other, so that the history may be another patient's.
    """
    if not source.instances:
        return history
    header = history_from_header(source.instances[0])
    if None not in (history.sex, header.sex) and history.sex != header.sex:
        raise InputError(
            f"{source.path}: its DICOM header says sex {header.sex}, the history says {history.sex}; "
            "give this patient's history, or leave sex out of it"
        )
    if history.age is not None and header.age is not None and abs(history.age - header.age) > AGE_TOLERANCE_YEARS:
        raise InputError(
            f"{source.path}: its DICOM header says age {header.age:.0f}, the history says {history.age:.0f}; "
            "give this patient's history at the time of the CT, or leave age out of it"
        )
    return history.completed_by(header)


def history_from_header(header: Dataset) -> PatientHistory:
    """Age (Patient's Age, else from birth date and study date) and Patient's Sex; what is absent, empty or impossible stays None.

    Args:
        header: one instance of the CT.
    """
    age = _written_age(str(header.get("PatientAge", "") or ""))
    if age is None:
        age = _age_between(str(header.get("PatientBirthDate", "") or ""), str(header.get("StudyDate", "") or ""))
    sex = {"F": Sex.FEMALE, "M": Sex.MALE}.get(str(header.get("PatientSex", "") or "").strip().upper())
    return PatientHistory(age=age, sex=sex)


def _written_age(text: str) -> float | None:
    """Years of an age string such as ``063Y``; whole ones where the unit is the year."""
    number, unit = text.strip()[:-1], text.strip()[-1:].upper()
    if unit not in DAYS_PER_UNIT or not (number.isascii() and number.isdigit()):
        return None
    return _possible(int(number) * DAYS_PER_UNIT[unit] / DAYS_PER_UNIT["Y"])


def _age_between(birth: str, study: str) -> float | None:
    born, scanned = _day(birth), _day(study)
    if born is None or scanned is None:
        return None
    return _possible(scanned.year - born.year - ((scanned.month, scanned.day) < (born.month, born.day)))


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text.strip(), "%Y%m%d").date()
    except ValueError:
        return None


def _possible(age: float) -> float | None:
    # Headers without a patient's identity carry made-up birth dates, which give impossible ages.
    return float(age) if 0 <= age <= OLDEST_YEARS else None
