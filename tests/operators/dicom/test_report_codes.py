from __future__ import annotations

import pytest

from nodulescope.operators.dicom.growth_measurements import GROWTH, PRIOR_DATE
from nodulescope.operators.dicom.lidc_codes import CALCIFICATION, RATINGS, rating_code
from nodulescope.operators.dicom.report_codes import (
    BROCK_MODEL,
    GRADING_NETWORK,
    LUNG_RADS,
    PLEURA_DISTANCE,
    SOLID_PART_DIAMETER,
    TEXTURES,
    TRENDS,
    coding_schemes,
    lung_rads_code,
)
from nodulescope.operators.examination import NoduleType, Status


def test_every_type_and_every_change_has_a_code():
    assert set(TEXTURES) == set(NoduleType)
    assert set(TRENDS) == set(Status)
    assert len({code.value for code in TRENDS.values()}) == len(Status)


@pytest.mark.parametrize("category", ["0", "1", "2", "3", "4A", "4B", "4X", "4AS"])
def test_lung_rads_values_fit_a_code_value(category):
    code = lung_rads_code(category)
    assert (code.value, code.scheme_designator, code.meaning) == (f"LR-{category}", "99NODULESCOPE", f"Lung-RADS {category}")


def test_codes_fit_their_elements_and_private_schemes_are_described():
    described = {item.CodingSchemeDesignator for item in coding_schemes()}
    ratings = [rating_code(name, n) for name in RATINGS for n in range(1, 6)]
    growth = [code for pair in GROWTH.values() for code in pair]
    own = [BROCK_MODEL, GRADING_NETWORK, PLEURA_DISTANCE, SOLID_PART_DIAMETER, PRIOR_DATE, lung_rads_code("4AS")]
    public = [CALCIFICATION, LUNG_RADS, *RATINGS.values(), *TEXTURES.values(), *TRENDS.values()]
    for code in [*ratings, *growth, *own, *public]:
        assert len(code.value) <= 16
        assert len(code.scheme_designator) <= 16
        assert len(code.meaning) <= 64
        assert not code.scheme_designator.startswith("99") or code.scheme_designator in described


def test_own_codes_are_distinct():
    own = [name for name, _ in GROWTH.values()] + [BROCK_MODEL, GRADING_NETWORK, PLEURA_DISTANCE, SOLID_PART_DIAMETER, PRIOR_DATE]
    assert len({code.value for code in own}) == len({code.meaning for code in own}) == len(own)
