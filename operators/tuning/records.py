"""What the networks said of one scan, kept on disk so that any number of settings can be tried on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nodulescope.bundles.contracts import Candidate, Grade
from nodulescope.bundles.predictors.detection import Detections
from nodulescope.operators.examination.whole_file import whole_file


@dataclass(frozen=True)
class Finding:
    """One box of the detector, and what the other networks said of its place.

    Attributes:
        box: low and high corner, LPS mm.
        score: the detector's.
        near_lungs: False for a box beside the lungs, which is never looked at; it may still push others aside.
        grade: None where nobody looked closer: beside the lungs, or below the lowest score that is tried.
        center_lps_mm: centre of its outline; None where there was nothing to measure or nobody looked.
        mean_diameter_mm: of its outline; None likewise.
    """

    box: tuple[float, ...]
    score: float
    near_lungs: bool
    grade: Grade | None = None
    center_lps_mm: tuple[float, float, float] | None = None
    mean_diameter_mm: float | None = None


@dataclass(frozen=True)
class Search:
    """A scan seen at one magnification.

    Attributes:
        magnification: voxel size in mm, relative to the detector's own.
        findings: in the detector's order.
        search_s: seconds that the detector took.
        look_s: seconds for outlining, grading and measuring all findings that have a grade.
    """

    magnification: float
    findings: tuple[Finding, ...]
    search_s: float
    look_s: float

    @property
    def detections(self) -> Detections:
        """Its boxes before any are joined."""
        boxes = np.array([f.box for f in self.findings], dtype=np.float32).reshape(-1, 6)
        scores = np.array([f.score for f in self.findings], dtype=np.float32)
        return Detections(boxes, scores, np.full(len(scores), self.magnification))


@dataclass(frozen=True)
class ScanRecord:
    """A scan seen at several magnifications.

    Attributes:
        models: name, version and SHA-256 of the bundle of every stage; what others said is of no use.
        before_s: seconds for reading the scan and finding its lungs.
        searches: one per magnification.
    """

    models: tuple[str, ...]
    before_s: float
    searches: tuple[Search, ...]

    def search(self, magnification: float) -> Search | None:
        """What was seen at one magnification; None if that was not tried."""
        return next((s for s in self.searches if s.magnification == magnification), None)

    def looked_closer_s(self) -> float:
        """Seconds per finding that is looked at closer; 0 where there was none."""
        graded = sum(finding.grade is not None for search in self.searches for finding in search.findings)
        return sum(search.look_s for search in self.searches) / graded if graded else 0.0

    def write(self, file: Path) -> None:
        """Write it as JSON, whole or not at all."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as beside:
            beside.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_record(file: Path, models: Sequence[str]) -> ScanRecord | None:
    """Read what :meth:`ScanRecord.write` wrote; None where there is nothing, or where other weights said it."""
    if not file.is_file():
        return None
    values = json.loads(file.read_text(encoding="utf-8"))
    if values["models"] != list(models):
        return None
    return ScanRecord(tuple(values["models"]), values["before_s"], tuple(_search(search) for search in values["searches"]))


def record_file(folder: Path, image: str) -> Path:
    """Where the record of an image lies: named like the image, and apart from images of the same name in other folders."""
    path = Path(image)
    return folder / f"{path.name.split('.')[0]}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}.json"


def candidates_of(searches: Sequence[Search], overlap: float) -> dict[Candidate, Finding]:
    """The candidates that the detection stage would hand on from these magnifications, with what else is known of each."""
    seen = Detections.of_all([search.detections for search in searches])
    findings = [finding for search in searches for finding in search.findings]
    return {seen.candidate(number): findings[number] for number in seen.distinct(overlap).tolist() if findings[number].near_lungs}


def _search(values: Mapping[str, Any]) -> Search:
    findings = tuple(
        Finding(
            box=tuple(f["box"]),
            score=f["score"],
            near_lungs=f["near_lungs"],
            grade=Grade(**f["grade"]) if f["grade"] else None,
            center_lps_mm=tuple(f["center_lps_mm"]) if f["center_lps_mm"] else None,
            mean_diameter_mm=f["mean_diameter_mm"],
        )
        for f in values["findings"]
    )
    return Search(values["magnification"], findings, values["search_s"], values["look_s"])
