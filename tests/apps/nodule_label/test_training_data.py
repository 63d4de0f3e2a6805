from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from small_chest import SmallChest

from nodulescope.apps.nodule_label.labelled_scans import LabelledScans
from nodulescope.apps.nodule_label.submitted_labels import Kind
from nodulescope.apps.nodule_label.training_data import EMPTY_PER_SCAN, training_datalist
from nodulescope.bundles.errors import InputError


@pytest.fixture
def parts(scans: LabelledScans, submit: Callable, chest: SmallChest) -> dict:
    for study in ("one", "two"):
        submit(chest.nodules, study=study, ratings={1: {"malignancy": 4.0}}, not_nodules=((-40.0, 0.0, 30.0),))
    return scans.update()


def test_cubes_have_their_nodule_in_the_middle(scans: LabelledScans, parts: dict, tmp_path: Path) -> None:
    path = training_datalist("nodule_grading", scans.folder, parts, tmp_path / "data")
    content = json.loads(path.read_text())
    assert [len(content[part]) for part in ("training", "validation")] == [2 + 1 + EMPTY_PER_SCAN] * 2
    nodules = [item for item in content["training"] if item["nodule"]]
    assert nodules[0]["ratings"][0][:2] == [4.0, None] and nodules[1]["ratings"] == []
    for item in nodules:
        outline = np.asarray(nibabel.load(path.parent / item["label"]).dataobj)
        hu = np.asarray(nibabel.load(path.parent / item["image"]).dataobj)
        assert outline.shape == (64, 64, 64)
        np.testing.assert_allclose(np.argwhere(outline).mean(axis=0), 32, atol=0.6)
        around = binary_dilation(outline, iterations=4) & ~binary_dilation(outline, iterations=2)
        assert hu[around].mean() < -700 < hu[outline > 0].mean()
    empty = [item for item in content["training"] if not item["nodule"]]
    assert all("label" not in item for item in empty)


def test_the_outline_learns_from_nodules_only(scans: LabelledScans, parts: dict, tmp_path: Path) -> None:
    content = json.loads(training_datalist("nodule_segmentation", scans.folder, parts, tmp_path / "data").read_text())
    assert [item["nodule"] for item in content["training"] + content["validation"]] == [1] * 4


def test_detection_takes_every_scan_with_marked_nodules(scans: LabelledScans, parts: dict, tmp_path: Path) -> None:
    content = json.loads(training_datalist("nodule_detection", scans.folder, parts, tmp_path / "data").read_text())
    assert [len(content[part][0]["box"]) for part in ("training", "validation")] == [2, 2]
    assert Path(content["training"][0]["image"]).is_file()


def test_too_few_labels_are_told(scans: LabelledScans, parts: dict, submit: Callable, chest: SmallChest, tmp_path: Path) -> None:
    submit(chest.lungs, study="one", kind=Kind.LUNGS)
    with pytest.raises(InputError, match=r"lung_segmentation: too few labels .* labelled lungs in at least two patients' scans"):
        training_datalist("lung_segmentation", scans.folder, scans.update(), tmp_path / "data")
