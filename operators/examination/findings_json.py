"""``findings.json``: an examination for machines. Every other output of numbers is made from these values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jsonschema import Draft202012Validator

from nodulescope.operators.examination.comparison_json import comparison_to_findings
from nodulescope.operators.examination.decimals import (
    COORDINATE_DECIMALS,
    HU_DECIMALS,
    LENGTH_DECIMALS,
    PROBABILITY_DECIMALS,
    RATING_DECIMALS,
    SECONDS_DECIMALS,
    SPACING_DECIMALS,
)
from nodulescope.operators.examination.examination import Examination, NotAssessed
from nodulescope.operators.examination.input_facts import study_date
from nodulescope.operators.examination.nodule import Nodule
from nodulescope.operators.examination.whole_file import whole_file
from nodulescope.operators.guidelines.wording import recommendation_text

SCHEMA_VERSION = "1.1"
"""Version of the format; a second number grows with added keys, the first with changed ones. 1.1 added ``nodules[].acceptance``."""

GENERATOR_NAME = "nodulescope"

WHY_NULL: Mapping[str, str] = {
    "input.study_instance_uid": "The input carries no DICOM study UID.",
    "input.series_instance_uid": "The input carries no DICOM series UID.",
    "input.study_date": "The input carries no date.",
    "lungs.extent_lps_mm": "No lungs were found.",
    "models[].sha256": "The weights carry no hash.",
    "nodules[].solid_diameter_mm": "Only part-solid nodules have a solid part that is measured on its own.",
    "nodules[].position": "The nodule was not located in the lungs.",
    "nodules[].lung_third": "The scan does not show the lungs from apex to base, so heights in them cannot be told.",
    "nodules[].lung_region": "The nodule was not located in the lungs.",
    "nodules[].pleura_distance_mm": "The surface of the lung is not within reach of the nodule.",
    "nodules[].prior": "No prior examination holds this nodule, or none was given.",
    "nodules[].lung_rads": "The Lung-RADS category of this nodule was not assessed.",
    "lung_rads": "The Lung-RADS category was not assessed.",
    "fleischner": "The Fleischner recommendation was not assessed.",
    "brock": "The Brock probability was not assessed.",
    "bts": "The BTS recommendation was not assessed.",
    "peak_memory_mb": "The platform does not tell the peak memory.",
}
"""Reasons that hold for any examination; one that the examination itself gives for the same key goes first."""


class InvalidFindings(ValueError):
    """Findings that do not keep to ``findings.schema.json``. The message names the key and the rule."""


def examination_to_findings(exam: Examination) -> dict[str, Any]:
    """Form the value of ``findings.json``.

    Lengths are in mm with one decimal, volumes in whole mm³ (lungs: whole ml), probabilities with four decimals, LPS coordinates with
    two. What was not measured is None, with a reason in ``assessment.not_assessed``.

    Args:
        exam: what was found.

    Returns:
        A dictionary of plain JSON values, valid by ``findings.schema.json``.
    """
    source, described = exam.ct.source, exam.ct.describe()
    assessment = exam.assessment
    left_ml, right_ml = round(exam.lungs.left_ml), round(exam.lungs.right_ml)
    day, extent = study_date(exam.ct), exam.lungs.extent_lps_mm
    findings: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "generator": {"name": GENERATOR_NAME, "version": exam.generator_version},
        "input": {
            "kind": source.kind,
            "study_instance_uid": source.study_instance_uid or None,
            "series_instance_uid": source.series_instance_uid or None,
            "study_date": None if day is None else day.isoformat(),
            "selection_reason": source.selection_reason,
            "size": described["size"],
            "spacing_mm": [round(s, SPACING_DECIMALS) for s in described["spacing_mm"]],
            "warnings": list(source.warnings),
        },
        "models": [{"stage": m.stage, "bundle": m.bundle, "version": m.version, "sha256": m.sha256 or None} for m in exam.models],
        "lungs": {
            # The total is that of the rounded parts, so that whoever adds them up finds the same number.
            "volume_ml": {"left": left_ml, "right": right_ml, "total": left_ml + right_ml},
            "fully_covered": bool(exam.lungs.fully_covered),
            "extent_lps_mm": None if extent is None else [_point(corner) for corner in extent],
        },
        "nodules": [nodule_to_findings(nodule) for nodule in exam.nodules],
        "prior": None if exam.comparison is None else comparison_to_findings(exam.comparison),
        "assessment": {
            "lung_rads": assessment.lung_rads,
            "fleischner": assessment.fleischner,
            "brock": None if assessment.brock is None else _plain(assessment.brock),
            "not_assessed": [_reason(n) for n in assessment.not_assessed],
            "lung_rads_rows": dict(assessment.lung_rads_rows),
            "bts": None if assessment.bts is None else dict(assessment.bts),
            "recommendations": [{**_plain(asdict(one)), "text": recommendation_text(one)} for one in assessment.recommendations],
        },
        "timings_s": {stage: round(float(seconds), SECONDS_DECIMALS) for stage, seconds in exam.timings_s.items()},
        "peak_memory_mb": None if exam.peak_memory_mb is None else round(exam.peak_memory_mb),
    }
    reasons: list[dict[str, Any]] = findings["assessment"]["not_assessed"]
    given = {reason["what"] for reason in reasons}
    reasons += [_reason(NotAssessed(key, WHY_NULL[key])) for key in sorted(set(_null_keys(findings)) - given)]
    return findings


def nodule_to_findings(nodule: Nodule) -> dict[str, Any]:
    """Form one item of ``nodules``, rounded as in :func:`examination_to_findings`."""
    sizes, grade = nodule.measurements, nodule.grade
    solid = sizes.solid_diameter_mm
    return {
        "id": nodule.id,
        "tracking_uid": nodule.tracking_uid,
        "center_lps_mm": _point(sizes.center_lps_mm),
        "side": nodule.side.value,
        "type": nodule.type.value,
        "long_axis_mm": round(float(sizes.long_axis_mm), LENGTH_DECIMALS),
        "short_axis_mm": round(float(sizes.short_axis_mm), LENGTH_DECIMALS),
        "mean_diameter_mm": round(float(sizes.mean_diameter_mm), LENGTH_DECIMALS),
        "volume_mm3": round(float(sizes.volume_mm3)),
        "solid_diameter_mm": None if solid is None else round(float(solid), LENGTH_DECIMALS),
        "is_mass": nodule.is_mass,
        "probability": round(float(grade.probability), PROBABILITY_DECIMALS),
        "malignancy": round(float(grade.malignancy), RATING_DECIMALS),
        "malignancy_probability": round(float(grade.malignancy_probability), PROBABILITY_DECIMALS),
        "attributes": {name: round(float(value), PROBABILITY_DECIMALS) for name, value in grade.attributes.items()},
        "status": nodule.status.value,
        "prior": None if nodule.prior is None else _plain(nodule.prior),
        "lung_rads": nodule.lung_rads,
        "mean_hu": round(float(sizes.mean_hu), HU_DECIMALS),
        **_place(nodule),
        "acceptance": nodule.acceptance.value,
    }


def _place(nodule: Nodule) -> dict[str, Any]:
    """Where a nodule lies in its lung."""
    location = nodule.location
    if location is None:
        return {"position": None, "lung_third": None, "lung_region": None, "pleura_distance_mm": None}
    distance = location.pleura_distance_mm
    return {
        "position": location.text(nodule.side.value),
        "lung_third": None if location.third is None else location.third.value,
        "lung_region": location.region.value,
        "pleura_distance_mm": None if distance is None else round(float(distance), LENGTH_DECIMALS),
    }


@cache
def findings_schema() -> dict[str, Any]:
    """Load ``findings.schema.json``, which is shipped beside this module."""
    schema: dict[str, Any] = json.loads(files(__package__).joinpath("findings.schema.json").read_text(encoding="utf-8"))
    return schema


def validate_findings(findings: Mapping[str, Any]) -> None:
    """Check findings against the schema.

    Raises:
        InvalidFindings: with the first broken rule.
    """
    errors = sorted(Draft202012Validator(findings_schema()).iter_errors(findings), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        where = ".".join(str(part) for part in errors[0].absolute_path) or "the top level"
        raise InvalidFindings(f"findings.json: {where}: {errors[0].message}")


def write_findings(exam: Examination, path: Path) -> None:
    """Write ``findings.json``, after it was checked against the schema.

    Args:
        exam: what was found.
        path: the file to write; replaced if it exists.

    Raises:
        InvalidFindings: the findings break the schema (a fault of the program, not of the input).
        OSError: the file cannot be written.
    """
    findings = examination_to_findings(exam)
    validate_findings(findings)
    text = json.dumps(findings, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _reason(missing: NotAssessed) -> dict[str, Any]:
    return {
        "what": missing.what,
        "reason": missing.reason,
        "code": missing.code or None,
        "nodules": list(missing.nodules),
        "inputs": list(missing.inputs),
    }


def _null_keys(findings: Mapping[str, Any]) -> Iterator[str]:
    """Keys that are None, as :data:`WHY_NULL` writes them."""
    for group in ("input", "lungs", "assessment"):
        prefix = "" if group == "assessment" else f"{group}."
        yield from (f"{prefix}{key}" for key, value in findings[group].items() if value is None)
    for group in ("models", "nodules"):
        yield from (f"{group}[].{key}" for item in findings[group] for key, value in item.items() if value is None)
    # Without a prior examination no nodule has one: one reason for both.
    yield from ("nodules[].prior" if key == "prior" else key for key, value in findings.items() if value is None)


def _point(place: tuple[float, float, float]) -> list[float]:
    """A place in LPS mm."""
    return [round(float(coordinate), COORDINATE_DECIMALS) for coordinate in place]


def _plain(value: Any) -> Any:
    """Turn nested mappings, sequences and numpy numbers into plain JSON values.

    Floats are rounded to four decimals; NaN and infinities become None.
    """
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return round(value, PROBABILITY_DECIMALS) if math.isfinite(value) else None
    return value
