"""Running the networks once over the labelled scans."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nodulescope.bundles.contracts import CTVolume, LungMask, Outline
from nodulescope.bundles.predictors.detection import is_near_lungs
from nodulescope.operators.measurement.fine_outline import NothingToMeasure
from nodulescope.operators.measurement.measure import measure
from nodulescope.operators.models import Models
from nodulescope.operators.reading import read_ct
from nodulescope.operators.tuning.records import Finding, ScanRecord, Search, read_record, record_file

LOWEST_SCORE = 0.1
"""Findings of which the detector is less sure are not looked at closer, so no lower detection score can be tried."""


def collect(
    items: Sequence[Mapping[str, Any]], models: Models, magnifications: Sequence[float], folder: Path
) -> Iterator[tuple[int, ScanRecord]]:
    """Run every network once per scan and magnification; what an earlier run has done with the same weights is read from disk.

    Args:
        items: of a datalist, with absolute files.
        models: of all four stages.
        magnifications: that are to be tried.
        folder: where the records lie.

    Yields:
        The number of finished scans, for a progress bar, and the record of the last one.

    Raises:
        InputError: a scan cannot be analysed.
    """
    weights = tuple(f"{model.bundle} {model.version} {model.sha256}" for model in models.provenance)
    for number, item in enumerate(items, 1):
        file = record_file(folder, item["image"])
        record = read_record(file, weights)
        missing = [m for m in magnifications if record is None or record.search(m) is None]
        if missing:
            record = _look_at(Path(item["image"]), models, missing, record or ScanRecord(weights, 0.0, ()))
            record.write(file)
        assert record is not None
        yield number, record


def _look_at(image: Path, models: Models, magnifications: Sequence[float], record: ScanRecord) -> ScanRecord:
    start = time.perf_counter()
    ct = read_ct(image)
    lungs = models.lungs(ct)
    before_s = time.perf_counter() - start
    searches = [_search(ct, lungs, models, magnification) for magnification in magnifications]
    return replace(record, before_s=before_s, searches=(*record.searches, *searches))


def _search(ct: CTVolume, lungs: LungMask, models: Models, magnification: float) -> Search:
    start = time.perf_counter()
    seen = models.detection.search(ct, lungs, magnification)
    searched = time.perf_counter()
    candidates = [seen.candidate(number) for number in range(len(seen.scores))]
    findings = [
        Finding(tuple(float(v) for v in box), candidate.score, is_near_lungs(candidate, lungs))
        for box, candidate in zip(seen.boxes, candidates, strict=True)
    ]
    filtered = time.perf_counter()
    chosen = [number for number, f in enumerate(findings) if f.near_lungs and f.score >= LOWEST_SCORE]
    outlines = models.outline(ct, [candidates[number] for number in chosen])
    grades = models.grading(ct, [candidates[number].center_lps_mm for number in chosen])
    for number, outline, grade in zip(chosen, outlines, grades, strict=True):
        findings[number] = _measured(replace(findings[number], grade=grade), outline, ct)
    return Search(magnification, tuple(findings), searched - start, time.perf_counter() - filtered)


def _measured(finding: Finding, outline: Outline, ct: CTVolume) -> Finding:
    try:
        measurements, _ = measure(outline, ct)
    except NothingToMeasure:
        return finding
    return replace(finding, center_lps_mm=measurements.center_lps_mm, mean_diameter_mm=measurements.mean_diameter_mm)
