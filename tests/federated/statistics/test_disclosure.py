import numpy as np
import pytest

from nodulescope.federated.statistics.disclosure import Told, disclose
from nodulescope.federated.statistics.features import FEATURE, LEAST_PATIENTS
from nodulescope.federated.statistics.site_values import Values

DIAMETER = FEATURE["nodule_diameter_mm"]  # 16 bins of 2.5 mm


def _values(pairs):
    return Values(np.array([value for value, _ in pairs], float), np.array([patient for _, patient in pairs]))


def test_figures_of_few_patients_stay_at_the_site():
    many_nodules_of_four = [(5.0 + number / 10, number % 4) for number in range(40)]
    assert disclose(_values(many_nodules_of_four), DIAMETER) == Told()
    assert disclose(_values([]), DIAMETER).to_json() == {"patients": 0}


def test_bins_of_few_patients_are_empty():
    pairs = [(6.0, patient) for patient in range(7)] + [(21.0, patient) for patient in range(4)] + [(6.5, 0)] * 3
    told = disclose(_values(pairs), DIAMETER)
    assert told.patients == 7
    assert told.count == 14
    assert told.histogram.tolist() == [0, 0, 10] + [0] * 13  # 5 to 7.5 mm; the four at 21 mm do not show
    assert told.mean == pytest.approx((7 * 6.0 + 4 * 21.0 + 3 * 6.5) / 14)


def test_a_job_may_ask_for_more_patients_and_not_for_fewer():
    values = _values([(6.0, patient) for patient in range(LEAST_PATIENTS)])
    assert disclose(values, DIAMETER, least_patients=1).patients == LEAST_PATIENTS
    assert disclose(_values([(6.0, patient) for patient in range(LEAST_PATIENTS - 1)]), DIAMETER, least_patients=1).patients == 0
    assert disclose(values, DIAMETER, least_patients=LEAST_PATIENTS + 1).patients == 0


def test_one_extreme_patient_does_not_show_in_the_mean():
    values = _values([(10.0, patient) for patient in range(9)] + [(5000.0, 9)])
    assert disclose(values, DIAMETER).mean == pytest.approx((9 * 10 + 40) / 10)
    assert disclose(values, DIAMETER).histogram.sum() == 9


def test_values_at_the_ends_are_counted_in_the_outer_bins():
    values = _values([(40.0, patient) for patient in range(5)] + [(0.0, patient) for patient in range(5)])
    assert disclose(values, DIAMETER).histogram.tolist() == [5] + [0] * 14 + [5]
