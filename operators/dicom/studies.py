"""CT studies in one folder: whose they are, which is the newest, and which are its priors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from pydicom.dataset import Dataset, FileDataset

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.ct_slice import is_ct_image

_DATED_BY = ("StudyDate", "AcquisitionDate", "SeriesDate", "ContentDate")
"""Elements that tell when a study was made, the one meant for it first."""


@dataclass(frozen=True)
class OlderStudy:
    """An older CT study of the same patient.

    Attributes:
        study_instance_uid: the study.
        date: day of the study.
        series_instance_uid: its best series by the same ranking as that of the present study.
    """

    study_instance_uid: str
    date: date
    series_instance_uid: str


@dataclass(frozen=True)
class CTStudy:
    """Headers of one study.

    Attributes:
        uid: Study Instance UID.
        date: its day, or None where no header tells one.
        series: CT headers by Series Instance UID.
        others: headers that are no CT images (PET, reports, structure sets).
    """

    uid: str
    date: date | None
    series: dict[str, list[FileDataset]] = field(repr=False)
    others: tuple[FileDataset, ...] = field(default=(), repr=False)


def ct_studies(headers: Sequence[FileDataset]) -> list[CTStudy]:
    """Sort headers into studies; a study without CT is left out."""
    groups: dict[str, list[FileDataset]] = {}
    for header in headers:
        groups.setdefault(str(header.get("StudyInstanceUID", "")), []).append(header)
    studies = []
    for uid, group in groups.items():
        series: dict[str, list[FileDataset]] = {}
        for header in group:
            if is_ct_image(header):
                series.setdefault(str(header.SeriesInstanceUID), []).append(header)
        if series:
            others = tuple(header for header in group if not is_ct_image(header))
            studies.append(CTStudy(uid, _day(header for images in series.values() for header in images), series, others))
    return studies


def study_of_series(studies: Sequence[CTStudy], series_uid: str, where: str) -> CTStudy:
    """The study that holds a series.

    Raises:
        InputError: none does, or two do.
    """
    holding = [study for study in studies if series_uid in study.series]
    if not holding:
        known = sorted(uid for study in studies for uid in study.series)
        raise InputError(f"{where}: holds no CT series {series_uid}; it holds {', '.join(known)}")
    if len(holding) > 1:
        raise InputError(f"{where}: {len(holding)} studies hold a series {series_uid}; name the folder of one study")
    return holding[0]


def require_one_patient(studies: Sequence[CTStudy], where: str) -> None:
    """Refuse CT of several patients, and studies that do not tell whose they are. Nobody is named in the message.

    Raises:
        InputError: see above.
    """
    people = {person_of(header) for study in studies for images in study.series.values() for header in images}
    identifiers = {person[0] for person in people}
    birth_dates = {person[1] for person in people} - {""}
    if len(identifiers) > 1 or len(birth_dates) > 1:
        number = max(len(identifiers), len(birth_dates))
        raise InputError(f"{where}: holds CT of {number} patients; name the folder of one patient, or one series by its UID")
    if len(studies) > 1 and identifiers == {""}:
        raise InputError(
            f"{where}: holds {len(studies)} CT studies without a Patient ID, so nobody can tell whether they are of one patient; "
            "name the folder of one study, or one series by its UID"
        )


def person_of(header: Dataset) -> tuple[str, str]:
    """Patient ID and birth date, each empty where unknown. Names are spelt differently from study to study and prove nothing."""
    return str(header.get("PatientID") or "").strip(), str(header.get("PatientBirthDate") or "").strip()


def newest(studies: Sequence[CTStudy], where: str) -> list[CTStudy]:
    """The studies of the latest day, mostly one.

    Raises:
        InputError: there are several, and one of them carries no date.
    """
    if len(studies) == 1:
        return list(studies)
    days = [study.date for study in studies]
    if None in days:
        raise InputError(
            f"{where}: holds {len(studies)} CT studies, and not all of them are dated, so nobody can tell which is the newest; "
            "name the folder of one study, or one series by its UID"
        )
    return [study for study in studies if study.date == max(day for day in days if day is not None)]


def older_than(study: CTStudy, studies: Iterable[CTStudy]) -> list[CTStudy]:
    """Studies of the same patient made on an earlier day, the newest first."""
    person, day = _person(study), study.date
    if person is None or day is None:
        return []
    older = [(s.date, s) for s in studies if s.date is not None and s.date < day and _person(s) == person]
    return [s for _, s in sorted(older, key=lambda pair: (pair[0], pair[1].uid), reverse=True)]


def _person(study: CTStudy) -> str | None:
    """Patient ID of a study; a study without one is nobody's, not even its own."""
    identifiers = {person_of(header)[0] for images in study.series.values() for header in images}
    return identifiers.pop() if len(identifiers) == 1 and "" not in identifiers else None


def _day(headers: Iterable[FileDataset]) -> date | None:
    """Earliest day that the headers give by the first element of :data:`_DATED_BY` that is filled in."""
    headers = list(headers)
    for keyword in _DATED_BY:
        days = [day for header in headers if (day := _as_date(str(header.get(keyword) or ""))) is not None]
        if days:
            return min(days)
    return None


def _as_date(value: str) -> date | None:
    """A DICOM date, or None where it is none."""
    if not re.fullmatch(r"\d{8}", value):
        return None
    try:
        return datetime.strptime(value, "%Y%m%d").date()
    except ValueError:
        return None
