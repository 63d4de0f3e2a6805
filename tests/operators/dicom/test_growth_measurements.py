from __future__ import annotations

import pytest

from nodulescope.operators.dicom.growth_measurements import growth_measurements, prior_date
from nodulescope.operators.examination.findings_json import nodule_to_findings


@pytest.fixture(scope="module")
def priors(rich_examination):
    """What ``findings.json`` tells of the prior, by nodule id."""
    return {nodule.id: nodule_to_findings(nodule)["prior"] for nodule in rich_examination.nodules}


def _numbers(prior):
    return {item.name.meaning: (item.value, item.unit.value) for item in growth_measurements(prior)}


def test_numbers_of_the_prior_and_the_change_are_told_with_their_units(priors):
    assert _numbers(priors[1]) == {
        "Time since the prior examination": (185, "d"),
        "Change of the volume since the prior examination": (priors[1]["volume_change_percent"], "%"),
        "Volume doubling time": (priors[1]["volume_doubling_time_days"], "d"),
        "Change of the mean diameter since the prior examination": (priors[1]["mean_diameter_change_mm"], "mm"),
        "Mean diameter in the prior examination": (priors[1]["mean_diameter_mm"], "mm"),
        "Long axis in the prior examination": (priors[1]["long_axis_mm"], "mm"),
        "Short axis in the prior examination": (priors[1]["short_axis_mm"], "mm"),
        "Volume in the prior examination": (priors[1]["volume_mm3"], "mm3"),
    }
    assert (priors[1]["mean_diameter_mm"], priors[1]["volume_doubling_time_days"]) == (9.25, 261.77)


def test_what_is_not_known_is_left_out(priors):
    stable = _numbers(priors[2])
    assert "Volume doubling time" not in stable
    assert stable["Diameter of the solid part in the prior examination"] == (4.4, "mm")
    assert stable["Change of the solid part's diameter since the prior exam"] == (1.17, "mm")
    assert growth_measurements({}) == []


def test_the_day_of_the_prior_is_told_where_it_is_known(priors):
    assert str(prior_date(priors[1]).Date) == "19990630"
    assert prior_date(priors[4]) is None
