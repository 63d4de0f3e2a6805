"""A prior that is known only by its ``findings.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from nodulescope.bundles.errors import InputError
from nodulescope.operators.examination import NoduleType, Side
from nodulescope.operators.examination.findings_json import InvalidFindings, validate_findings
from nodulescope.operators.examination.input_facts import Extent
from nodulescope.operators.priors.prior_study import PriorStudy, RecordedNodule

FINDINGS_NAME = "findings.json"


def find_prior_findings(path: Path) -> Path | None:
    """The findings that a user means: a JSON file, or the one in a folder of results; None where the path is something else, a scan."""
    if path.is_file() and path.suffix.lower() == ".json":
        return path
    inside = path / FINDINGS_NAME
    return inside if inside.is_file() else None


def read_prior_findings(path: Path) -> PriorStudy:
    """Read an earlier ``findings.json``.

    Raises:
        InputError: the file cannot be read, is no JSON, or breaks the schema.
    """
    try:
        findings = json.loads(path.read_text(encoding="utf-8"))
        validate_findings(findings)
    except OSError as error:
        raise InputError(f"{path}: the prior's findings cannot be read ({error.strerror})") from error
    except (ValueError, InvalidFindings) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: no findings.json of an earlier analysis ({reason}); give that, or the prior's scan") from error
    source = findings["input"]
    return PriorStudy(
        name=str(path),
        nodules=tuple(_nodule(item) for item in findings["nodules"]),
        study_instance_uid=source["study_instance_uid"] or "",
        series_instance_uid=source["series_instance_uid"] or "",
        study_date=_date(source["study_date"]),
        slice_spacing_mm=max(source["spacing_mm"]),
        fully_covered=findings["lungs"]["fully_covered"],
        lung_extent=_extent(findings["lungs"]["extent_lps_mm"]),
    )


def _nodule(item: Mapping[str, Any]) -> RecordedNodule:
    x, y, z = item["center_lps_mm"]
    solid = item["solid_diameter_mm"]
    return RecordedNodule(
        id=item["id"],
        tracking_uid=item["tracking_uid"],
        type=NoduleType(item["type"]),
        side=Side(item["side"]),
        center_lps_mm=(float(x), float(y), float(z)),
        long_axis_mm=float(item["long_axis_mm"]),
        short_axis_mm=float(item["short_axis_mm"]),
        mean_diameter_mm=float(item["mean_diameter_mm"]),
        solid_diameter_mm=None if solid is None else float(solid),
        volume_mm3=float(item["volume_mm3"]),
        lung_rads=item["lung_rads"],
    )


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:  # of the right form, but no day, such as 2021-02-31
        return None


def _extent(corners: list[list[float]] | None) -> Extent | None:
    if corners is None:
        return None
    (x0, y0, z0), (x1, y1, z1) = corners
    return (float(x0), float(y0), float(z0)), (float(x1), float(y1), float(z1))
