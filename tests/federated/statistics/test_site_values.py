import json

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.data.cube_datalist import CubeDatalist
from nodulescope.bundles.errors import InputError
from nodulescope.federated.statistics.site_values import VOXELS_PER_SCAN, site_values


def _scan(folder, name, hu=-850, spacing=(0.7, 0.7, 2.5), shape=(30, 30, 30), **item):
    nibabel.save(nibabel.Nifti1Image(np.full(shape, hu, np.int16), np.diag([*spacing, 1.0])), folder / f"{name}.nii.gz")
    return {"image": f"{name}.nii.gz", "patient": name.split("_")[0], **item}


def _write(folder, training, validation):
    path = folder / "scans.json"
    path.write_text(json.dumps({"training": training, "validation": validation}))
    return path


def test_scans_of_both_parts_with_their_patients(tmp_path):
    boxes = [[0, 0, 0, 6, 6, 9], [1, 1, 1, 20, 20, 20]]
    first = _scan(tmp_path, "a_1", box=boxes, box_class=[0, 1], slice_thickness_mm=5.0)  # the second box counts neither way
    second = _scan(tmp_path, "a_2", hu=40, spacing=(0.5, 0.5, 1.0), box=[])
    third = _scan(tmp_path, "b_1", spacing_mm=[0.9, 0.9, 3.0])  # resampled; it says how it was scanned
    values = site_values(_write(tmp_path, [first, second], [third]))
    assert values["nodule_diameter_mm"].values.tolist() == [7.0]
    assert values["nodules_per_scan"].values.tolist() == [1.0, 0.0, 0.0]
    assert values["slice_thickness_mm"].values.tolist() == [5.0]
    np.testing.assert_allclose(values["pixel_spacing_mm"].values, [0.7, 0.5, 0.9])
    np.testing.assert_allclose(values["slice_spacing_mm"].values, [2.5, 1.0, 3.0])
    assert values["nodules_per_scan"].patients.tolist() == [0, 0, 1]


def test_every_scan_counts_alike_in_the_hounsfield_units(tmp_path):
    large = _scan(tmp_path, "a", hu=-850, shape=(60, 60, 60))
    small = _scan(tmp_path, "b", hu=40, shape=(30, 30, 30))
    hu = site_values(_write(tmp_path, [large], [small]))["hu"]
    assert len(hu.values) == 2 * VOXELS_PER_SCAN
    assert hu.values.mean() == pytest.approx((-850 + 40) / 2)
    assert np.bincount(hu.patients).tolist() == [VOXELS_PER_SCAN] * 2


def test_cubes_are_measured_by_their_outlines(tmp_path):
    cubes = CubeDatalist(tmp_path, validation_fold=-1)
    distance = np.sqrt(((np.moveaxis(np.indices((64,) * 3), 0, -1) - 31.5) ** 2).sum(-1))
    cubes.add("nodule", "a", np.full((64,) * 3, -800.0), outline=distance < 8, ratings=[[3] * 8])
    cubes.add("empty", "b", np.full((64,) * 3, -800.0))
    values = site_values(cubes.write())
    assert values["nodule_diameter_mm"].values == pytest.approx([16.0], abs=0.2)
    assert values["nodules_per_scan"].values.tolist() == [1.0, 0.0]
    assert len(values["slice_thickness_mm"].values) == 0


def test_a_broken_image_is_an_error(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"a\.nii\.gz: cannot be read"):
        site_values(_write(tmp_path, [{"image": "a.nii.gz"}], []))
