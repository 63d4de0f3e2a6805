from __future__ import annotations

import pytest

from nodulescope.operators.dicom.lidc_codes import RATINGS, rating_code


@pytest.mark.parametrize(
    ("name", "rating", "value", "meaning"),
    [
        ("malignancy", 1.0, "901", "1 out of 5 (Highly Unlikely for Cancer)"),
        ("malignancy", 3.49, "903", "3 out of 5 (Indeterminate Likelihood)"),
        ("malignancy", 2.5, "903", "3 out of 5 (Indeterminate Likelihood)"),
        ("malignancy", 4.6, "905", "5 out of 5 (Highly Suspicious for Cancer)"),
        ("subtlety", 2.2, "102", "2 out of 5 (Moderately subtle)"),
        ("sphericity", 3.0, "RID5800", "ovoid"),
        ("sphericity", 4.0, "004", "4 out of 5"),
        ("margin", 0.2, "RID5709", "Indistinct margin"),
        ("lobulation", 5.4, "605", "5 out of 5 (Marked lobulation)"),
        ("spiculation", 1.4, "701", "1 out of 5 (No spiculation)"),
        ("spiculation", 1.5, "002", "2 out of 5"),
    ],
)
def test_a_rating_becomes_the_code_of_the_nearest_whole_one(name, rating, value, meaning):
    code = rating_code(name, rating)
    assert (code.value, code.meaning) == (value, meaning)


def test_no_two_ratings_of_a_concept_share_a_code():
    for name in RATINGS:
        assert len({(rating_code(name, n).scheme_designator, rating_code(name, n).value) for n in range(1, 6)}) == 5
