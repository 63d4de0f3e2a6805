"""A valid ``findings.json`` without nodules."""

from __future__ import annotations

from typing import Any


def empty_findings(day: str | None, study_uid: str | None = None, series_uid: str | None = None) -> dict[str, Any]:
    """The findings of a study of a day, such as ``"2025-03-01"``; None where it is not known."""
    source = {"kind": "dicom", "study_instance_uid": study_uid, "series_instance_uid": series_uid, "study_date": day}
    assessment = {"lung_rads": "1", "fleischner": None, "brock": {}, "not_assessed": [], "lung_rads_rows": {}, "bts": {}}
    return {
        "schema_version": "1.1",
        "generator": {"name": "nodulescope", "version": "0"},
        "input": {**source, "selection_reason": "", "size": [9, 9, 9], "spacing_mm": [1, 1, 1], "warnings": []},
        "models": [],
        "lungs": {"volume_ml": {"left": 1, "right": 1, "total": 2}, "fully_covered": True, "extent_lps_mm": None},
        "nodules": [],
        "prior": None,
        "assessment": {**assessment, "recommendations": []},
        "timings_s": {},
        "peak_memory_mb": None,
    }
