from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodulescope.bundles.data.cube_datalist import FOLDS, CubeDatalist, fold_of
from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.patient_split import require_unseen_patients

NAMES = st.lists(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8), min_size=1, max_size=6, unique=True)


def write(folder: Path, content: Any) -> Path:
    path = folder / "datalist.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def item(patient: str | None, image: str = "a.nii") -> dict[str, Any]:
    return {"image": image, "patient": patient} if patient is not None else {"image": image}


@settings(max_examples=25)
@given(patients=NAMES, cubes_each=st.integers(1, 3), fold=st.integers(0, FOLDS - 1))
def test_no_split_of_a_cube_datalist_crosses_a_patient(patients: list[str], cubes_each: int, fold: int) -> None:
    """Whatever patients are called and however many cubes they have: all of them are on one side, in every datalist that is written."""
    with tempfile.TemporaryDirectory() as folder:
        cubes = CubeDatalist(Path(folder), validation_fold=fold)
        for number, patient in enumerate(patients * cubes_each):
            cubes.add(f"cube_{number}", patient, np.zeros((2, 2, 2)))
        files = {fold: cubes.write()} if fold else dict(enumerate(cubes.write_folds()))
        for own, file in files.items():
            validation = read_datalist(file, "validation")
            assert {i["patient"] for i in validation} == {p for p in patients if fold_of(p) == own}
            require_unseen_patients(file, "validation", validation)
            assert len(validation) + len(read_datalist(file, "training")) == len(patients) * cubes_each


def test_every_patient_validates_in_exactly_one_fold(tmp_path: Path) -> None:
    cubes = CubeDatalist(tmp_path)
    patients = [f"LIDC-IDRI-{n:04d}" for n in range(1, 30)]
    for patient in patients:
        cubes.add(patient, patient, np.zeros((2, 2, 2)))
    validated = [i["patient"] for file in cubes.write_folds() for i in read_datalist(file, "validation")]
    assert sorted(validated) == patients


def test_a_patient_who_also_trains_is_refused(tmp_path: Path) -> None:
    validation = [item("p2", "x.nii"), item("p3"), item("p1", "leaked.nii"), item("p1")]
    path = write(tmp_path, {"training": [item("p1"), item("p4")], "validation": validation})
    with pytest.raises(InputError, match=r"datalist\.json: 1 patients of validation also train, that of leaked\.nii") as refused:
        require_unseen_patients(path, "validation", validation)
    assert "p1" not in str(refused.value)  # what a patient is called is told to nobody
    require_unseen_patients(path, "validation", validation[:2])


def test_training_patients_themselves_are_refused(tmp_path: Path) -> None:
    items = [item("p1")]
    with pytest.raises(InputError, match="also train"):
        require_unseen_patients(write(tmp_path, {"training": items}), "training", items)


@pytest.mark.parametrize("patient", [None, "", "  "])
def test_an_item_without_a_patient_is_refused(tmp_path: Path, patient: str | None) -> None:
    items = [item("p1"), item(patient, "nobody.nii")]
    with pytest.raises(InputError, match=r"the item of nobody\.nii names no patient"):
        require_unseen_patients(write(tmp_path, {"validation": items}), "validation", items)


def test_a_plain_list_has_no_training_part(tmp_path: Path) -> None:
    items = [item("p1")]
    require_unseen_patients(write(tmp_path, items), "test", items)
