"""Coded concepts of the measurement report that pydicom's dictionary does not hold, each with the place it is defined in."""

from __future__ import annotations

from collections.abc import Mapping

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from nodulescope.operators.examination.nodule import NoduleType, Status

PRIVATE_SCHEME = "99NODULESCOPE"
"""Own scheme for what no public one has a code for: values of the Lung-RADS category, and the diameter of a nodule's solid part."""

QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")
"""PS3.16 TID 1500, row 10."""

MALIGNANCY = Code("RID36042", "RADLEX", "Malignancy")
MALIGNANCY_RATINGS: Mapping[int, Code] = {
    1: Code("901", "99LIDCQIICR", "1 out of 5 (Highly Unlikely for Cancer)"),
    2: Code("902", "99LIDCQIICR", "2 out of 5 (Moderately Unlikely for Cancer)"),
    3: Code("903", "99LIDCQIICR", "3 out of 5 (Indeterminate Likelihood)"),
    4: Code("904", "99LIDCQIICR", "4 out of 5 (Moderately Suspicious for Cancer)"),
    5: Code("905", "99LIDCQIICR", "5 out of 5 (Highly Suspicious for Cancer)"),
}
"""Codes of the LIDC-IDRI ratings as its public DICOM conversion uses them (Fedorov et al., Med Phys 47:5953, 2020)."""

TEXTURE = Code("C41144", "NCIt", "Texture")
CALCIFICATION = Code("C3672", "NCIt", "Calcification")
ATTRIBUTES: Mapping[str, Code] = {
    "subtlety": Code("C45992", "NCIt", "Subtlety score"),
    "sphericity": Code("400", "99LIDCQIICR", "Sphericity"),
    "margin": Code("C25563", "NCIt", "Margin"),
    "lobulation": Code("C62175", "NCIt", "Lobular Pattern"),
    "spiculation": Code("C28749", "NCIt", "Spiculation"),
    "texture": TEXTURE,
    "calcification": CALCIFICATION,
}
"""Concepts of the LIDC-IDRI ratings, from the same conversion."""

SOLID = Code("RID50151", "RADLEX", "solid pulmonary nodule")
TEXTURES: Mapping[NoduleType, Code] = {
    NoduleType.SOLID: SOLID,
    NoduleType.CALCIFIED: SOLID,
    NoduleType.PART_SOLID: Code("RID50152", "RADLEX", "part-solid pulmonary nodule"),
    NoduleType.GROUND_GLASS: Code("RID50153", "RADLEX", "non-solid pulmonary nodule"),
}

TREND = codes.DCM.Trend
TRENDS: Mapping[Status, Code] = {
    Status.NEW: codes.SCT.NewFinding,
    Status.GROWING: Code("15454001", "SCT", "Increase"),
    Status.SHRINKING: Code("19776001", "SCT", "Decrease"),
    Status.STABLE: Code("129723006", "SCT", "No significant change"),
}
"""Change since the prior examination; without one (baseline) nothing is said."""

SOLID_PART_DIAMETER = Code("solid-part-diam", PRIVATE_SCHEME, "Mean diameter of the solid part")
LUNG_RADS = Code("1362105002", "SCT", "Lung-RADS category")


def lung_rads_code(category: str) -> Code:
    """Code of a Lung-RADS category in the own scheme."""
    return Code(f"LR-{category}", PRIVATE_SCHEME, f"Lung-RADS {category}")


def coding_schemes() -> list[CodingSchemeIdentificationItem]:
    """Describe the private schemes for whoever meets their codes."""
    return [
        CodingSchemeIdentificationItem(PRIVATE_SCHEME, name="nodulescope: Lung-RADS v2022 categories and solid part diameter"),
        CodingSchemeIdentificationItem("99LIDCQIICR", name="LIDC-IDRI nodule ratings (QIICR)"),
    ]
