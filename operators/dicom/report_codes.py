"""Coded concepts of the measurement report that pydicom's dictionary does not hold, each with the place it is defined in."""

from __future__ import annotations

from collections.abc import Mapping

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from nodulescope.operators.dicom.lidc_codes import LIDC_SCHEME
from nodulescope.operators.examination.nodule import NoduleType, Status

PRIVATE_SCHEME = "99NODULESCOPE"
"""Own scheme for what no public one has a code for: values of the Lung-RADS category (DICOM has no context group for them), the diameter
of a nodule's solid part, its distance from the pleura, growth, and the ways in which a probability of cancer is found."""

QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")
"""PS3.16 TID 1500, row 12."""

_SOLID = Code("RID50151", "RADLEX", "solid pulmonary nodule")
TEXTURES: Mapping[NoduleType, Code] = {
    NoduleType.SOLID: _SOLID,
    NoduleType.CALCIFIED: _SOLID,
    NoduleType.PART_SOLID: Code("RID50152", "RADLEX", "part-solid pulmonary nodule"),
    NoduleType.GROUND_GLASS: Code("RID50153", "RADLEX", "non-solid pulmonary nodule"),
}

TREND = codes.DCM.Trend
TRENDS: Mapping[Status, Code] = {
    Status.BASELINE: codes.UMLS.Baseline,
    Status.NEW: codes.SCT.NewFinding,
    Status.GROWING: Code("15454001", "SCT", "Increase"),
    Status.SHRINKING: Code("19776001", "SCT", "Decrease"),
    Status.STABLE: Code("129723006", "SCT", "No significant change"),
}
"""Change since the prior examination; baseline where there is nothing to compare with."""

SOLID_PART_DIAMETER = Code("solid-part-diam", PRIVATE_SCHEME, "Mean diameter of the solid part")
PLEURA_DISTANCE = Code("pleura-distance", PRIVATE_SCHEME, "Distance from the pleura")

GRADING_NETWORK = Code("grading-network", PRIVATE_SCHEME, "Prediction of the grading network")
BROCK_MODEL = Code("brock", PRIVATE_SCHEME, "Brock model (PanCan, full, with spiculation)")
"""Two ways to a probability of cancer, the Measurement Method of TID 300: McWilliams et al., N Engl J Med 369:910, 2013, is the second."""

LUNG_RADS = Code("1362105002", "SCT", "Lung-RADS category")


def lung_rads_code(category: str) -> Code:
    """Code of a Lung-RADS category in the own scheme."""
    return Code(f"LR-{category}", PRIVATE_SCHEME, f"Lung-RADS {category}")


def coding_schemes() -> list[CodingSchemeIdentificationItem]:
    """Describe the private schemes for whoever meets their codes."""
    return [
        CodingSchemeIdentificationItem(PRIVATE_SCHEME, name="nodulescope: Lung-RADS v2022 categories, solid part, pleura, growth"),
        CodingSchemeIdentificationItem(LIDC_SCHEME, name="LIDC-IDRI nodule ratings (QIICR)"),
    ]
