"""Facts about an input that comparisons and outputs ask for: its day, its patient, where its lungs lie."""

from __future__ import annotations

from datetime import date, datetime

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.bundles.coordinates import index_to_world

Point = tuple[float, float, float]
Extent = tuple[Point, Point]
"""Lowest and highest corner of a box, LPS mm."""

DATE_KEYWORDS = ("StudyDate", "AcquisitionDate", "SeriesDate")
"""DICOM elements that may tell the day of an examination, the best first."""


def study_date(ct: CTVolume) -> date | None:
    """The day of an examination from its DICOM header; None for other formats and for dates that are missing or no dates."""
    header = ct.source.instances[0] if ct.source.instances else {}
    for keyword in DATE_KEYWORDS:
        try:
            return datetime.strptime(str(header.get(keyword, "") or "").strip(), "%Y%m%d").date()
        except ValueError:
            continue
    return None


def patient_id(ct: CTVolume) -> str:
    """The patient ID of a DICOM header, empty where there is none."""
    return str(ct.source.instances[0].get("PatientID", "") or "").strip() if ct.source.instances else ""


def lung_extent(lungs: LungMask) -> Extent | None:
    """Box around both lungs in LPS mm (for oblique grids around the box on the grid), or None without lungs."""
    if not lungs.labels.any():
        return None
    start, stop = lungs.bounding_box(0.0)
    corners = [(i, j, k) for i in (start[0], stop[0] - 1) for j in (start[1], stop[1] - 1) for k in (start[2], stop[2] - 1)]
    points = index_to_world(lungs.affine_lps, corners)
    (x0, y0, z0), (x1, y1, z1) = points.min(axis=0), points.max(axis=0)
    return (float(x0), float(y0), float(z0)), (float(x1), float(y1), float(z1))
