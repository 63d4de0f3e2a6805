from __future__ import annotations

import dataclasses

import pytest

from nodulescope.operators.dicom.nodule_measurements import as_percent, nodule_evaluations, nodule_measurements
from nodulescope.operators.examination import NoduleType, Status
from nodulescope.operators.examination.findings_json import nodule_to_findings


def _numbers(nodule):
    items = nodule_measurements(nodule_to_findings(nodule), nodule.measurements.mean_hu)
    return {item.name.meaning: (item.value, item.unit.value) for item in items}


def _codes(nodule):
    return {item.name.meaning: item.value.meaning for item in nodule_evaluations(nodule)}


def test_numbers_are_those_of_the_findings(dicom_examination):
    nodule = dicom_examination.nodules[0]
    found, numbers = nodule_to_findings(nodule), _numbers(nodule)
    assert numbers["Long axis"] == (found["long_axis_mm"], "mm")
    assert numbers["Short axis"] == (found["short_axis_mm"], "mm")
    assert numbers["Diameter"] == (found["mean_diameter_mm"], "mm")
    assert numbers["Volume"] == (found["volume_mm3"], "mm3")
    assert numbers["Malignancy"] == (4.23, "1")
    assert numbers["Probability of cancer"] == (87.65, "%")
    assert numbers["Certainty of Finding"] == (98.77, "%")
    assert numbers["Attenuation Coefficient"] == (round(nodule.measurements.mean_hu, 1), "[hnsf'U]")
    assert numbers["Spiculation"] == (2.24, "1")
    assert numbers["Calcification"] == (6.12, "%")
    assert "Mean diameter of the solid part" not in numbers


def test_a_part_solid_nodule_has_two_diameters(dicom_examination):
    first = dicom_examination.nodules[0]
    nodule = dataclasses.replace(
        first, type=NoduleType.PART_SOLID, measurements=dataclasses.replace(first.measurements, solid_diameter_mm=5.57)
    )
    assert _numbers(nodule)["Mean diameter of the solid part"] == (5.6, "mm")
    assert _codes(nodule)["Texture"] == "part-solid pulmonary nodule"


@pytest.mark.parametrize(
    ("malignancy", "expected"),
    [
        (1.0, "1 out of 5 (Highly Unlikely for Cancer)"),
        (3.4, "3 out of 5 (Indeterminate Likelihood)"),
        (4.6, "5 out of 5 (Highly Suspicious for Cancer)"),
    ],
)
def test_the_rating_is_the_nearest_whole_one(dicom_examination, malignancy, expected):
    nodule = dicom_examination.nodules[0]
    rated = dataclasses.replace(nodule, grade=dataclasses.replace(nodule.grade, malignancy=malignancy))
    assert _codes(rated)["Malignancy"] == expected


def test_calcium_change_and_category_are_said_only_where_known(dicom_examination):
    nodule = dicom_examination.nodules[0]
    assert _codes(nodule) == {"Malignancy": "4 out of 5 (Moderately Suspicious for Cancer)", "Texture": "solid pulmonary nodule"}
    known = dataclasses.replace(nodule, type=NoduleType.CALCIFIED, status=Status.GROWING, lung_rads="4B")
    assert _codes(known) == {
        "Malignancy": "4 out of 5 (Moderately Suspicious for Cancer)",
        "Texture": "solid pulmonary nodule",
        "Calcification": "Present",
        "Trend": "Increase",
        "Lung-RADS category": "Lung-RADS 4B",
    }


def test_a_probability_becomes_a_percentage_without_stray_digits():
    assert [as_percent(p) for p in (0.0, 0.0001, 0.29, 0.5743, 1.0)] == [0.0, 0.01, 29.0, 57.43, 100.0]
