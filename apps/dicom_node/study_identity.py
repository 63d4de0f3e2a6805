"""Whose study it is, and of which day: what tells that one study is the prior of another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pydicom import dcmread

TAGS = ["PatientID", "IssuerOfPatientID", "PatientBirthDate", "StudyDate"]


@dataclass(frozen=True)
class StudyIdentity:
    """Patient and day of a study. It is held in memory only and stands in no log.

    Attributes:
        patient_id: as the sender wrote it, without blanks around it.
        issuer: who gave that ID; empty where the image does not tell.
        birth_date: YYYYMMDD, empty where the image does not tell.
        study_date: the day of the examination.
    """

    patient_id: str
    issuer: str
    birth_date: str
    study_date: date

    def may_follow(self, other: StudyIdentity) -> bool:
        """Whether the other one is an earlier study of the same patient: same ID and issuer, no other day of birth, an earlier day."""
        same = (self.patient_id, self.issuer) == (other.patient_id, other.issuer)
        contradicted = self.birth_date and other.birth_date and self.birth_date != other.birth_date
        return same and not contradicted and other.study_date < self.study_date


def read_identity(images: Path) -> StudyIdentity | None:
    """The identity that one of a study's images tells; None where it has no patient ID or no study date, or cannot be read."""
    file = min(images.iterdir(), default=None) if images.is_dir() else None
    if file is None:
        return None
    try:
        header = dcmread(file, stop_before_pixels=True, specific_tags=list(TAGS))
        patient, issuer, birth, day = (str(header.get(tag) or "").strip() for tag in TAGS)
        studied = datetime.strptime(day, "%Y%m%d").date()
    except Exception:  # damaged objects raise anything; the analysis says what is wrong with them
        return None
    return StudyIdentity(patient, issuer, birth, studied) if patient else None
