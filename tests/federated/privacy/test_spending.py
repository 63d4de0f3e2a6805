import json

import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.federated.privacy.accountant import Release, epsilon_spent
from nodulescope.federated.privacy.spending import SpendingRecord


def _add(record, number=0, multiplier=4.0, **limits):
    return record.add(multiplier, job="job-1", round_number=number, delta=1e-5, **{"max_epsilon": None, **limits})


def test_the_total_outlives_the_process(tmp_path):
    path = tmp_path / "privacy-spent.json"
    _add(SpendingRecord(path), 0)
    assert _add(SpendingRecord(path), 1, 8.0) == pytest.approx(epsilon_spent([Release(4.0), Release(8.0)], 1e-5))
    assert SpendingRecord(path).releases() == [Release(4.0), Release(8.0)]
    assert json.loads(path.read_text())[1] == {"job": "job-1", "round": 1, "noise_multiplier": 8.0}


def test_a_spent_budget_stops_the_release_and_is_not_charged(tmp_path):
    record = SpendingRecord(tmp_path / "privacy-spent.json")
    limit = epsilon_spent([Release(4.0)] * 2, 1e-5) + 1e-6
    _add(record, 0, max_epsilon=limit)
    _add(record, 1, max_epsilon=limit)
    with pytest.raises(InputError, match="privacy budget"):
        _add(record, 2, max_epsilon=limit)
    assert len(record.releases()) == 2


@pytest.mark.parametrize("content", ["{", '[{"job": "a"}]', '[{"noise_multiplier": -1}]', "[1]"])
def test_a_damaged_record_is_not_forgotten(tmp_path, content):
    path = tmp_path / "privacy-spent.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"privacy-spent\.json: the record of spent privacy cannot be read"):
        SpendingRecord(path)
