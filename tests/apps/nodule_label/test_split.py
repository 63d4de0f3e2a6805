from __future__ import annotations

from collections import Counter
from pathlib import Path

from nodulescope.apps.nodule_label.split import split_patients
from nodulescope.bundles.data.datalist import TRAINING, VALIDATION


def test_patients_stay_where_they_were_put(tmp_path: Path) -> None:
    record = tmp_path / "state" / "split.json"
    first = split_patients(["a", "b", "c"], record)
    more = split_patients([f"p{number}" for number in range(17)] + ["a", "b", "c"], record)
    assert {name: more[name] for name in first} == first
    assert Counter(more.values()) == {TRAINING: 16, VALIDATION: 4}


def test_the_first_trains_and_the_second_validates(tmp_path: Path) -> None:
    assert split_patients(["only"], tmp_path / "a.json") == {"only": TRAINING}
    assert sorted(split_patients(["one", "two"], tmp_path / "b.json").values()) == [TRAINING, VALIDATION]
