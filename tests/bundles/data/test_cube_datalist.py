from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.data.cube_datalist import FOLDS, CubeDatalist, fold_of


@pytest.mark.parametrize(("patient", "fold"), [("LIDC-IDRI-0001", 3), ("LIDC-IDRI-0002", 1), ("phantom_00000", 2)])
def test_folds_never_change(patient: str, fold: int) -> None:
    """Weights that shipped were validated on fold 0: a patient who changed sides would make every figure wrong."""
    assert fold_of(patient) == fold


def test_folds_are_of_about_the_same_size() -> None:
    sizes = Counter(fold_of(f"LIDC-IDRI-{n:04d}") for n in range(1, 1011))
    assert set(sizes) == set(range(FOLDS))
    assert max(sizes.values()) < 1.2 * min(sizes.values())


def test_all_cubes_of_a_patient_are_on_one_side(tmp_path: Path) -> None:
    cubes = CubeDatalist(tmp_path, validation_fold=0)
    patients = [f"LIDC-IDRI-{n:04d}" for n in range(1, 13)]
    for patient in patients:
        for number in range(2):
            cubes.add(f"{patient}_{number}", patient, np.zeros((4, 4, 4)))
    items = json.loads(cubes.write().read_text())
    sides = {part: {item["patient"] for item in items[part]} for part in ("training", "validation")}
    assert sides["training"] | sides["validation"] == set(patients)
    assert not sides["training"] & sides["validation"]
    assert sides["validation"] == {p for p in patients if fold_of(p) == 0}


def test_cubes_outlines_and_ratings_are_kept(tmp_path: Path) -> None:
    hu = np.random.default_rng(0).uniform(-2000, 4000, (6, 5, 4))
    outline = hu > 0
    cubes = CubeDatalist(tmp_path)
    cubes.add("one", "p", hu, outline=outline, ratings=[[5.0, float("nan")]], held_out=True)
    cubes.add("two", "p", hu, held_out=True)
    with_nodule, without = json.loads(cubes.write().read_text())["validation"]
    np.testing.assert_array_equal(np.asarray(nibabel.load(tmp_path / with_nodule["image"]).dataobj), np.clip(np.rint(hu), -1024, 3071))
    np.testing.assert_array_equal(np.asarray(nibabel.load(tmp_path / with_nodule["label"]).dataobj), outline)
    assert with_nodule["ratings"] == [[5.0, None]]
    assert (with_nodule["nodule"], without["nodule"]) == (1, 0)
    assert "label" not in without


def test_folds_hold_every_cube_once_and_no_patient_twice(tmp_path: Path) -> None:
    cubes = CubeDatalist(tmp_path)
    patients = [f"LIDC-IDRI-{n:04d}" for n in range(1, 31)]
    for patient in patients:
        cubes.add(patient, patient, np.zeros((4, 4, 4)))
    cubes.add("host", "LIDC-IDRI-0002", np.zeros((4, 4, 4)), training_only=True)
    validated = []
    for fold, path in enumerate(cubes.write_folds()):
        parts = json.loads(path.read_text())
        sides = {part: [item["patient"] for item in parts[part]] for part in parts}
        assert all(fold_of(patient) == fold for patient in sides["validation"])
        assert not set(sides["validation"]) & (set(sides["training"]) - {"LIDC-IDRI-0002"})
        assert "host.nii" in [item["image"] for item in parts["training"]]
        validated += sides["validation"]
    assert sorted(validated) == patients


def test_each_reader_s_outline_is_kept(tmp_path: Path) -> None:
    hu = np.zeros((4, 4, 4))
    first, second = np.eye(4, dtype=bool)[..., None].repeat(4, 2), np.ones((4, 4, 4), bool)
    cubes = CubeDatalist(tmp_path)
    cubes.add("one", "p", hu, outline=first, ratings=[[1.0], [2.0]], readers=[first, second], held_out=True)
    (item,) = json.loads(cubes.write().read_text())["validation"]
    kept = [np.asarray(nibabel.load(tmp_path / name).dataobj) for name in item["reader_labels"]]
    np.testing.assert_array_equal(kept, [first, second])
