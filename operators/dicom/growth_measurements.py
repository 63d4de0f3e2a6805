"""What became of a nodule since the prior examination, as content items of a structured report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from highdicom.sr import DateContentItem, Measurement, RelationshipTypeValues
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from nodulescope.operators.dicom.report_codes import PRIVATE_SCHEME

_DAYS, _MM, _MM3, _PERCENT = codes.UCUM.Day, codes.UCUM.Millimeter, codes.UCUM.CubicMillimeter, codes.UCUM.Percent

GROWTH: Mapping[str, tuple[Code, Code]] = {
    "interval_days": (Code("prior-interval", PRIVATE_SCHEME, "Time since the prior examination"), _DAYS),
    "volume_change_percent": (Code("volume-change", PRIVATE_SCHEME, "Change of the volume since the prior examination"), _PERCENT),
    "volume_doubling_time_days": (Code("volume-doubling", PRIVATE_SCHEME, "Volume doubling time"), _DAYS),
    "mean_diameter_change_mm": (Code("diameter-change", PRIVATE_SCHEME, "Change of the mean diameter since the prior examination"), _MM),
    "solid_diameter_change_mm": (Code("solid-change", PRIVATE_SCHEME, "Change of the solid part's diameter since the prior exam"), _MM),
    "mean_diameter_mm": (Code("prior-diameter", PRIVATE_SCHEME, "Mean diameter in the prior examination"), _MM),
    "long_axis_mm": (Code("prior-long-axis", PRIVATE_SCHEME, "Long axis in the prior examination"), _MM),
    "short_axis_mm": (Code("prior-short-axis", PRIVATE_SCHEME, "Short axis in the prior examination"), _MM),
    "solid_diameter_mm": (Code("prior-solid-diam", PRIVATE_SCHEME, "Diameter of the solid part in the prior examination"), _MM),
    "volume_mm3": (Code("prior-volume", PRIVATE_SCHEME, "Volume in the prior examination"), _MM3),
}
"""Concept and unit of each number of ``nodules[].prior`` in ``findings.json``. Sizes in the prior have concepts of their own, and no group
of their own under the nodule's tracking UID: a program that looks for the diameter, or joins the groups of one tracking UID as some viewers
do, would take the earlier size for the present one."""

PRIOR_DATE = Code("prior-date", PRIVATE_SCHEME, "Date of the prior examination")


def growth_measurements(prior: Mapping[str, Any]) -> list[Measurement]:
    """Form the measurements (TID 300) of a nodule that the prior examination shows as well.

    Args:
        prior: the nodule's ``prior`` in ``findings.json``; what is missing or None is left out.

    Returns:
        One measurement per number, in the order of :data:`GROWTH`.
    """
    return [Measurement(name, prior[key], unit) for key, (name, unit) in GROWTH.items() if prior.get(key) is not None]


def prior_date(prior: Mapping[str, Any]) -> DateContentItem | None:
    """Form the date of the prior examination; None where it is not known.

    Args:
        prior: the nodule's ``prior`` in ``findings.json``, whose ``study_date`` is YYYY-MM-DD.
    """
    written = prior.get("study_date")
    if not written:
        return None
    return DateContentItem(PRIOR_DATE, date.fromisoformat(written), RelationshipTypeValues.CONTAINS)
