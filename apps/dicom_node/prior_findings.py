"""Findings of earlier studies, kept so that a patient's next study is compared with them.

Below the folder::

    secret                        with which names of patients are made
    PATIENT/BIRTH/STUDY.json      findings.json of a study that was analysed

PATIENT and BIRTH are made of the patient's ID (with its issuer) and day of birth. Both have few possible values, and whoever knows the rule
could try them all; so they are made with a secret that never leaves the folder. STUDY is the study's name in the queue.
"""

from __future__ import annotations

import hmac
import json
import os
import time
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

from nodulescope.apps.dicom_node.durable_files import make_folder, write_whole
from nodulescope.apps.dicom_node.json_log import JsonLog
from nodulescope.apps.dicom_node.queued_study import KEY_DIGITS, QueuedStudy
from nodulescope.apps.dicom_node.study_identity import StudyIdentity
from nodulescope.operators.examination.findings_json import validate_findings

FINDINGS_NAME = "findings.json"
"""Among the results of an analysis."""

SECRET, SECRET_BYTES = "secret", 32

UNKNOWN_BIRTH = "unknown"

DAY_S = 86400.0

KEPT_DAYS = 5 * 366
"""Findings are kept as long as the longest follow-up that a guideline asks for: five years, for subsolid nodules (Fleischner 2017)."""


class PriorFindings:
    """The findings that a node keeps of its patients. What is there is whole, whenever the node is killed.

    Args:
        root: their folder; made where needed.
        log: told of findings that cannot be used.
    """

    def __init__(self, root: Path, log: JsonLog) -> None:
        self._root, self._log = root, log
        make_folder(root)
        if not (root / SECRET).exists():
            write_whole(root / SECRET, os.urandom(SECRET_BYTES))
        self._secret = (root / SECRET).read_bytes()
        self._tidied = 0.0

    def keep(self, study: QueuedStudy, identity: StudyIdentity, results: Path) -> None:
        """Keep the findings of a study that was analysed, in place of those of an earlier analysis; on return they are on the disk.

        Args:
            study: the study.
            identity: whose it is.
            results: the folder of its results; without findings in it nothing is kept.
        """
        findings = results / FINDINGS_NAME
        if findings.is_file():
            folder = self._patient(identity) / self._birth(identity.birth_date)
            make_folder(folder)
            write_whole(folder / f"{study.key}.json", findings.read_bytes())

    def prior_of(self, study: QueuedStudy, identity: StudyIdentity) -> Path | None:
        """The findings of the patient's newest study of an earlier day; None where none are kept, or none that can be read."""
        dated = []
        for file in self._of_patient(identity):
            if file.stem == study.key:
                continue
            try:
                day = _study_date(file)
            except ValueError:  # written by another version of the program, say
                self._log.error("prior.unusable", study=study.key, prior=file.stem)
                continue
            if day is not None and day < identity.study_date:
                dated.append((day, file))
        return max(dated)[1] if dated else None

    def tidy(self) -> None:
        """Remove findings that nobody asks for any more; looks once a day."""
        if time.time() - self._tidied < DAY_S:
            return
        self._tidied = time.time()
        for file in self._root.glob("*/*/*.json"):
            if time.time() - file.stat().st_mtime >= KEPT_DAYS * DAY_S:
                file.unlink()

    def _of_patient(self, identity: StudyIdentity) -> Iterator[Path]:
        """All that is kept of a patient, without what has another day of birth."""
        born = self._birth(identity.birth_date)
        for folder in self._patient(identity).glob("*"):
            if UNKNOWN_BIRTH in (born, folder.name) or folder.name == born:
                yield from folder.glob("*.json")

    def _patient(self, identity: StudyIdentity) -> Path:
        return self._root / self._name("patient", identity.issuer, identity.patient_id)

    def _birth(self, birth_date: str) -> str:
        return self._name("birth", birth_date) if birth_date else UNKNOWN_BIRTH

    def _name(self, *parts: str) -> str:
        return hmac.new(self._secret, "\0".join(parts).encode(), sha256).hexdigest()[:KEY_DIGITS]


def _study_date(file: Path) -> date | None:
    """The day of findings that the analysis will accept as a prior.

    Raises:
        ValueError: it will not.
    """
    findings = json.loads(file.read_text(encoding="utf-8"))
    validate_findings(findings)
    day = findings["input"]["study_date"]
    return None if day is None else date.fromisoformat(day)
