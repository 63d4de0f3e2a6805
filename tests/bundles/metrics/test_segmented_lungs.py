from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics import segmented_lungs
from nodulescope.bundles.metrics.segmented_lungs import choose_scans, read_lung_labels, segment_lungs
from nodulescope.bundles.preprocessing.research_formats import read_research_ct


@pytest.fixture
def scans(small_data: Any, tmp_path: Path) -> list[dict[str, Any]]:
    return [{"image": str(small_data.scan), "label": str(small_data.scan.with_name("scan_lungs.nii.gz")), "patient": "small"}]


def test_each_lung_and_both_are_measured(scans: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the network that swaps the sides, and a classical method that sees no lungs."""
    truth = np.asarray(nibabel.load(scans[0]["label"]).dataobj)

    def swapped(bundle: Any) -> Callable[[CTVolume], LungMask]:
        return lambda ct: LungMask(np.choose(truth, [0, 2, 1]).astype(np.uint8), ct.affine_lps, True)

    def blind(ct: CTVolume) -> LungMask:
        raise InputError("there are no lungs")

    monkeypatch.setattr(segmented_lungs, "LungPredictor", swapped)
    monkeypatch.setattr(segmented_lungs, "classical_lung_mask", blind)
    told: list[int] = []
    cases = segment_lungs(None, scans, run=2, done=told.append)  # type: ignore[arg-type]
    assert told == [1]
    found = {(case.by, case.structure): case.overlap for case in cases}
    assert found["network", "both lungs"].dice == 1.0
    assert found["network", "right lung"].dice == found["network", "left lung"].dice == 0.0
    assert found["classical", "both lungs"].volume_mm3 == 0.0
    voxel = 1.5 * 1.5 * 2.0
    assert found["network", "right lung"].truth_volume_mm3 == pytest.approx((truth == 1).sum() * voxel)
    assert {case.run for case in cases} == {2}
    assert {case.case for case in cases} == {"scan"}


def test_scans_of_training_patients_are_refused(small_data: Any) -> None:
    with pytest.raises(InputError, match=r"scans\.json: 1 patients of validation also train"):
        choose_scans(small_data.scans, "validation")


def test_labels_must_be_lungs_on_the_scans_grid(scans: list[dict[str, Any]], tmp_path: Path) -> None:
    ct = read_research_ct(Path(scans[0]["image"]))
    image = nibabel.load(scans[0]["label"])
    labels = np.asarray(image.dataobj)
    assert np.array_equal(read_lung_labels(Path(scans[0]["label"]), ct), labels)
    moved = image.affine.copy()
    moved[0, 3] += 1.0
    for name, array, affine, message in (
        ("moved", labels, moved, "lies on another grid than scan"),
        ("short", labels[:-1], image.affine, "lies on another grid"),
        ("other", labels * 2, image.affine, r"this map holds \[0, 2, 4\]"),
        ("empty", labels * 0, image.affine, r"this map holds \[0\]"),
    ):
        nibabel.save(nibabel.Nifti1Image(array.astype(np.uint8), affine), tmp_path / f"{name}.nii")
        with pytest.raises(InputError, match=message):
            read_lung_labels(tmp_path / f"{name}.nii", ct)
    (tmp_path / "bad.nii").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"bad\.nii: cannot be read"):
        read_lung_labels(tmp_path / "bad.nii", ct)
