from __future__ import annotations

import dataclasses

import pytest

from nodulescope.operators.dicom.nodule_measurements import as_percent, nodule_evaluations, nodule_measurements
from nodulescope.operators.examination import NoduleType, Status
from nodulescope.operators.examination.findings_json import nodule_to_findings


def _numbers(nodule, **extra):
    items = nodule_measurements(nodule_to_findings(nodule) | extra)
    return {item.name.meaning: (item.value, item.unit.value) for item in items}


def _codes(nodule):
    return {item.name.meaning: item.value.meaning for item in nodule_evaluations(nodule_to_findings(nodule))}


def _risks(nodule, brock):
    items = nodule_measurements(nodule_to_findings(nodule), brock)
    return [
        (item.value, item.method.meaning, item.derivation and item.derivation.meaning)
        for item in items
        if item.name.meaning == "Probability of cancer"
    ]


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
    assert numbers["Texture"] == (4.95, "1")
    assert numbers["Calcification"] == (6.12, "%")
    assert "Mean diameter of the solid part" not in numbers
    assert numbers["Distance from the pleura"] == (12.3, "mm")
    assert "Volume doubling time" not in numbers


def test_the_mean_diameter_is_marked_as_a_mean(dicom_examination):
    nodule = dicom_examination.nodules[0]
    derivations = {item.name.value: item.derivation for item in nodule_measurements(nodule_to_findings(nodule))}
    assert derivations["81827009"].value == "373098007"
    assert derivations["103339001"] is None


def test_a_part_solid_nodule_has_two_diameters(dicom_examination):
    first = dicom_examination.nodules[0]
    nodule = dataclasses.replace(
        first, type=NoduleType.PART_SOLID, measurements=dataclasses.replace(first.measurements, solid_diameter_mm=5.57)
    )
    assert _numbers(nodule)["Mean diameter of the solid part"] == (5.6, "mm")
    assert _codes(nodule)["Texture"] == "part-solid pulmonary nodule"


def test_the_distance_from_the_pleura_is_told_where_it_was_measured(dicom_examination):
    nodule = dicom_examination.nodules[0]
    assert _numbers(nodule, pleura_distance_mm=0.0)["Distance from the pleura"] == (0.0, "mm")
    assert "Distance from the pleura" not in _numbers(nodule, pleura_distance_mm=None)


def test_probabilities_of_cancer_are_told_apart_by_their_method(dicom_examination):
    nodule = dicom_examination.nodules[0]
    network, model = "Prediction of the grading network", "Brock model (PanCan, full, with spiculation)"
    assert _risks(nodule, None) == [(87.65, network, None)]
    assert _risks(nodule, {"low": 0.0123, "high": 0.2468}) == [
        (87.65, network, None),
        (1.23, model, "Minimum"),
        (24.68, model, "Maximum"),
    ]
    assert _risks(nodule, {"low": 0.0421, "high": 0.0421}) == [(87.65, network, None), (4.21, model, None)]


@pytest.mark.parametrize(("malignancy", "expected"), [(1.0, "1 out of 5 (Highly Unlikely for Cancer)"), (2.496, "3 out of 5")])
def test_a_coded_rating_agrees_with_the_number_beside_it(dicom_examination, malignancy, expected):
    nodule = dicom_examination.nodules[0]
    rated = dataclasses.replace(nodule, grade=dataclasses.replace(nodule.grade, malignancy=malignancy))
    assert _codes(rated)["Malignancy"].startswith(expected)  # 2.496 is printed as 2.5, whose nearest whole rating is 3


def test_calcium_and_category_are_said_only_where_known(dicom_examination):
    nodule = dicom_examination.nodules[0]
    always = {
        "Texture": "solid pulmonary nodule",
        "Malignancy": "4 out of 5 (Moderately Suspicious for Cancer)",
        "Subtlety score": "4 out of 5 (Moderately obvious)",
        "Sphericity": "4 out of 5",
        "Margin": "4 out of 5",
        "Lobular Pattern": "2 out of 5",
        "Spiculation": "2 out of 5",
    }
    assert _codes(nodule) == always | {"Trend": "Baseline"}
    known = dataclasses.replace(nodule, type=NoduleType.CALCIFIED, status=Status.GROWING, lung_rads="4B")
    assert _codes(known) == always | {"Trend": "Increase", "Calcification": "Present", "Lung-RADS category": "Lung-RADS 4B"}


def test_a_probability_becomes_a_percentage_without_stray_digits():
    assert [as_percent(p) for p in (0.0, 0.0001, 0.29, 0.5743, 1.0)] == [0.0, 0.01, 29.0, 57.43, 100.0]
