"""Numbers and ratings of one nodule as content items of a structured report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from highdicom.sr import Measurement, QualitativeEvaluation
from pydicom.sr.codedict import codes

from nodulescope.operators.dicom.report_codes import (
    ATTRIBUTES,
    CALCIFICATION,
    LUNG_RADS,
    MALIGNANCY,
    MALIGNANCY_RATINGS,
    SOLID_PART_DIAMETER,
    TEXTURE,
    TEXTURES,
    TREND,
    TRENDS,
    lung_rads_code,
)
from nodulescope.operators.examination.nodule import Nodule, NoduleType

PERCENT_DECIMALS = 2
"""A probability of four decimals, as a percentage."""


def nodule_measurements(found: Mapping[str, Any], mean_hu: float) -> list[Measurement]:
    """Form the measurements of one nodule (TID 300).

    Args:
        found: the nodule's item in ``findings.json``.
        mean_hu: mean density inside its outline, HU.

    Returns:
        Axes and diameters in mm, volume in mm³, density in HU, probabilities in percent, ratings without unit.
    """
    mm, percent, one = codes.UCUM.Millimeter, codes.UCUM.Percent, codes.UCUM.NoUnits
    items = [
        Measurement(codes.SCT.LongAxis, found["long_axis_mm"], mm),
        Measurement(codes.SCT.ShortAxis, found["short_axis_mm"], mm),
        Measurement(codes.SCT.Diameter, found["mean_diameter_mm"], mm, derivation=codes.SCT.Mean),
        Measurement(codes.SCT.Volume, found["volume_mm3"], codes.UCUM.CubicMillimeter),
        Measurement(codes.DCM.AttenuationCoefficient, round(mean_hu, 1), codes.UCUM.HounsfieldUnit, derivation=codes.SCT.Mean),
        Measurement(codes.DCM.CertaintyOfFinding, as_percent(found["probability"]), percent),
        Measurement(MALIGNANCY, found["malignancy"], one),
        Measurement(codes.DCM.ProbabilityOfCancer, as_percent(found["malignancy_probability"]), percent),
    ]
    if found["solid_diameter_mm"] is not None:
        items.append(Measurement(SOLID_PART_DIAMETER, found["solid_diameter_mm"], mm))
    for name, value in found["attributes"].items():
        if name == "calcification":
            items.append(Measurement(CALCIFICATION, as_percent(value), percent))
        elif name in ATTRIBUTES:
            items.append(Measurement(ATTRIBUTES[name], value, one))
    return items


def nodule_evaluations(nodule: Nodule) -> list[QualitativeEvaluation]:
    """Form the coded ratings of one nodule: malignancy, texture, calcification, change, Lung-RADS."""
    rating = min(max(round(nodule.grade.malignancy), 1), 5)
    items = [
        QualitativeEvaluation(MALIGNANCY, MALIGNANCY_RATINGS[rating]),
        QualitativeEvaluation(TEXTURE, TEXTURES[nodule.type]),
    ]
    if nodule.type is NoduleType.CALCIFIED:
        items.append(QualitativeEvaluation(CALCIFICATION, codes.SCT.Present))
    if nodule.status in TRENDS:
        items.append(QualitativeEvaluation(TREND, TRENDS[nodule.status]))
    if nodule.lung_rads is not None:
        items.append(QualitativeEvaluation(LUNG_RADS, lung_rads_code(nodule.lung_rads)))
    return items


def as_percent(probability: float) -> float:
    """Turn a probability of 0 to 1 into a percentage of two decimals."""
    return round(probability * 100, PERCENT_DECIMALS)
