"""Numbers and ratings of one nodule as content items of a structured report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from highdicom.sr import Measurement, QualitativeEvaluation
from pydicom.sr.codedict import codes

from nodulescope.operators.dicom.growth_measurements import growth_measurements
from nodulescope.operators.dicom.lidc_codes import CALCIFICATION, MALIGNANCY, RATINGS, TEXTURE, rating_code
from nodulescope.operators.dicom.report_codes import (
    BROCK_MODEL,
    GRADING_NETWORK,
    LUNG_RADS,
    PLEURA_DISTANCE,
    SOLID_PART_DIAMETER,
    TEXTURES,
    TREND,
    TRENDS,
    lung_rads_code,
)
from nodulescope.operators.examination.nodule import NoduleType, Status

PERCENT_DECIMALS = 2
"""A probability of four decimals, as a percentage."""


def nodule_measurements(found: Mapping[str, Any], brock: Mapping[str, Any] | None = None) -> list[Measurement]:
    """Form the measurements of one nodule (TID 300).

    Args:
        found: the nodule's item in ``findings.json``.
        brock: its item of ``assessment.brock`` in ``findings.json``, or None where the model does not hold for it.

    Returns:
        Axes, diameters and distances in mm, volume in mm³, density in HU, probabilities in percent, ratings without unit, times in days.
    """
    return [*_sizes(found), *_ratings(found), *_cancer_risks(found, brock), *growth_measurements(found["prior"] or {})]


def _sizes(found: Mapping[str, Any]) -> list[Measurement]:
    mm = codes.UCUM.Millimeter
    items = [
        Measurement(codes.SCT.LongAxis, found["long_axis_mm"], mm),
        Measurement(codes.SCT.ShortAxis, found["short_axis_mm"], mm),
        Measurement(codes.SCT.Diameter, found["mean_diameter_mm"], mm, derivation=codes.SCT.Mean),
        Measurement(codes.SCT.Volume, found["volume_mm3"], codes.UCUM.CubicMillimeter),
        Measurement(codes.DCM.AttenuationCoefficient, found["mean_hu"], codes.UCUM.HounsfieldUnit, derivation=codes.SCT.Mean),
    ]
    optional = ((SOLID_PART_DIAMETER, "solid_diameter_mm"), (PLEURA_DISTANCE, "pleura_distance_mm"))
    return items + [Measurement(name, found[key], mm) for name, key in optional if found.get(key) is not None]


def _ratings(found: Mapping[str, Any]) -> list[Measurement]:
    """The grading network's numbers: how certain it is of a nodule, and LIDC ratings as it predicts them, between the whole ones."""
    percent, one = codes.UCUM.Percent, codes.UCUM.NoUnits
    attributes: Mapping[str, float] = found["attributes"]
    items = [
        Measurement(codes.DCM.CertaintyOfFinding, as_percent(found["probability"]), percent),
        Measurement(MALIGNANCY, found["malignancy"], one),
        *(Measurement(RATINGS[name], value, one) for name, value in attributes.items() if name in RATINGS),
    ]
    if "calcification" in attributes:
        items.append(Measurement(CALCIFICATION, as_percent(attributes["calcification"]), percent))
    return items


def _cancer_risks(found: Mapping[str, Any], brock: Mapping[str, Any] | None) -> list[Measurement]:
    """Probabilities of cancer, told apart by their method: the network's, and the Brock model's or both ends of its range."""
    name, percent = codes.DCM.ProbabilityOfCancer, codes.UCUM.Percent
    items = [Measurement(name, as_percent(found["malignancy_probability"]), percent, method=GRADING_NETWORK)]
    if brock is None:
        return items
    low, high = as_percent(brock["low"]), as_percent(brock["high"])
    if low == high:
        return [*items, Measurement(name, low, percent, method=BROCK_MODEL)]
    ends = ((low, codes.SCT.Minimum), (high, codes.SCT.Maximum))
    return items + [Measurement(name, value, percent, method=BROCK_MODEL, derivation=end) for value, end in ends]


def nodule_evaluations(found: Mapping[str, Any]) -> list[QualitativeEvaluation]:
    """Form the coded ratings of one nodule: texture, LIDC ratings, change since the prior, calcification, Lung-RADS.

    The texture is that of the nodule's type, which comes from its densities; what the network rates as texture is among the measurements.

    Args:
        found: the nodule's item in ``findings.json``.
    """
    attributes: Mapping[str, float] = found["attributes"]
    rated = {"malignancy": found["malignancy"]} | {n: r for n, r in attributes.items() if n in RATINGS and n != "texture"}
    kind = NoduleType(found["type"])
    items = [
        QualitativeEvaluation(TEXTURE, TEXTURES[kind]),
        *(QualitativeEvaluation(RATINGS[name], rating_code(name, rating)) for name, rating in rated.items()),
        QualitativeEvaluation(TREND, TRENDS[Status(found["status"])]),
    ]
    if kind is NoduleType.CALCIFIED:
        items.append(QualitativeEvaluation(CALCIFICATION, codes.SCT.Present))
    if found["lung_rads"] is not None:
        items.append(QualitativeEvaluation(LUNG_RADS, lung_rads_code(found["lung_rads"])))
    return items


def as_percent(probability: float) -> float:
    """Turn a probability of 0 to 1 into a percentage of two decimals."""
    return round(probability * 100, PERCENT_DECIMALS)
