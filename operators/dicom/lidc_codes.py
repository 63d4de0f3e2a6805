"""Codes of the ratings that radiologists gave to the nodules of LIDC-IDRI, as its public DICOM conversion uses them.

Source: Fedorov et al., DICOM re-encoding of volumetrically annotated LIDC nodules, Med Phys 47:5953, 2020. Each rating is a whole number
of 1 to 5; some of them have a name of their own, the others only say which of the five they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydicom.sr.coding import Code

LIDC_SCHEME = "99LIDCQIICR"

LOWEST, HIGHEST = 1, 5

MALIGNANCY = Code("RID36042", "RADLEX", "Malignancy")
TEXTURE = Code("C41144", "NCIt", "Texture")
CALCIFICATION = Code("C3672", "NCIt", "Calcification")
RATINGS: Mapping[str, Code] = {
    "subtlety": Code("C45992", "NCIt", "Subtlety score"),
    "sphericity": Code("400", LIDC_SCHEME, "Sphericity"),
    "margin": Code("C25563", "NCIt", "Margin"),
    "lobulation": Code("C62175", "NCIt", "Lobular Pattern"),
    "spiculation": Code("C28749", "NCIt", "Spiculation"),
    "texture": TEXTURE,
    "malignancy": MALIGNANCY,
}
"""Concepts of the ratings by their name in ``findings.json``."""


def _lidc(value: str, meaning: str) -> Code:
    return Code(value, LIDC_SCHEME, meaning)


_NAMED: Mapping[str, Mapping[int, Code]] = {
    "subtlety": {
        1: _lidc("101", "1 out of 5 (Extremely subtle)"),
        2: _lidc("102", "2 out of 5 (Moderately subtle)"),
        3: _lidc("103", "3 out of 5 (Fairly subtle)"),
        4: _lidc("104", "4 out of 5 (Moderately obvious)"),
        5: _lidc("105", "5 out of 5 (Obvious)"),
    },
    "sphericity": {
        1: Code("RID5811", "RADLEX", "linear"),
        3: Code("RID5800", "RADLEX", "ovoid"),
        5: Code("RID5799", "RADLEX", "round"),
    },
    "margin": {
        1: Code("RID5709", "RADLEX", "Indistinct margin"),
        5: Code("RID5707", "RADLEX", "Circumscribed margin"),
    },
    "lobulation": {
        1: _lidc("601", "1 out of 5 (No lobulation)"),
        5: _lidc("605", "5 out of 5 (Marked lobulation)"),
    },
    "spiculation": {
        1: _lidc("701", "1 out of 5 (No spiculation)"),
        5: _lidc("705", "5 out of 5 (Marked spiculation)"),
    },
    "malignancy": {
        1: _lidc("901", "1 out of 5 (Highly Unlikely for Cancer)"),
        2: _lidc("902", "2 out of 5 (Moderately Unlikely for Cancer)"),
        3: _lidc("903", "3 out of 5 (Indeterminate Likelihood)"),
        4: _lidc("904", "4 out of 5 (Moderately Suspicious for Cancer)"),
        5: _lidc("905", "5 out of 5 (Highly Suspicious for Cancer)"),
    },
}


def rating_code(name: str, rating: float) -> Code:
    """Code of the whole rating nearest to a predicted one, halves up.

    Args:
        name: ``malignancy`` or another key of :data:`RATINGS`.
        rating: 1 to 5; what lies beyond is taken for the nearer end.
    """
    whole = min(max(math.floor(rating + 0.5), LOWEST), HIGHEST)
    return _NAMED.get(name, {}).get(whole) or _lidc(f"00{whole}", f"{whole} out of 5")
