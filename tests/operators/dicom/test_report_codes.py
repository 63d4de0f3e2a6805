from __future__ import annotations

import pytest

from nodulescope.operators.dicom.report_codes import ATTRIBUTES, MALIGNANCY_RATINGS, TEXTURES, TRENDS, coding_schemes, lung_rads_code
from nodulescope.operators.examination import NoduleType, Status


def test_every_type_and_every_change_has_a_code():
    assert set(TEXTURES) == set(NoduleType)
    assert set(TRENDS) == set(Status) - {Status.BASELINE}
    assert [MALIGNANCY_RATINGS[n].value for n in range(1, 6)] == ["901", "902", "903", "904", "905"]


@pytest.mark.parametrize("category", ["0", "1", "2", "3", "4A", "4B", "4X", "4AS"])
def test_lung_rads_values_fit_a_code_value(category):
    code = lung_rads_code(category)
    assert (code.value, code.scheme_designator, code.meaning) == (f"LR-{category}", "99NODULESCOPE", f"Lung-RADS {category}")


def test_codes_fit_their_elements_and_private_schemes_are_described():
    described = {item.CodingSchemeDesignator for item in coding_schemes()}
    codes = [*ATTRIBUTES.values(), *MALIGNANCY_RATINGS.values(), *TEXTURES.values(), *TRENDS.values(), lung_rads_code("4AS")]
    for code in codes:
        assert len(code.value) <= 16
        assert len(code.scheme_designator) <= 16
        assert len(code.meaning) <= 64
        assert not code.scheme_designator.startswith("99") or code.scheme_designator in described
