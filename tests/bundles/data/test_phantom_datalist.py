from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from nodulescope.bundles.coordinates import swap_ras_lps, world_to_index
from nodulescope.bundles.data import phantom_datalist
from nodulescope.bundles.data.phantom_datalist import box_of, label_places, near_nodules, write_phantom_datalists
from nodulescope.bundles.data.phantoms import PhantomScan, Scanner, make_phantom
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec
from nodulescope.bundles.data.smoke_datalist import SMALL_PATIENT, smoke_datalist
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS


def coarse_phantom(seed: int) -> PhantomScan:
    """Coarser than training phantoms, which makes it ten times as quick; cubes are cut in voxels whatever they measure."""
    return make_phantom(seed, scanner=Scanner(spacing_mm=(2.5, 2.5, 2.5)), patient=SMALL_PATIENT, nodules=[NoduleSpec(diameter_mm=15.0)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("phantoms")
    assert list(write_phantom_datalists(place, 2, validation_every=2, make=coarse_phantom)) == [1, 2]
    return place


def test_box_of_a_label_in_the_patients_millimetres() -> None:
    label = np.zeros((10, 10, 10), bool)
    label[2:5, 3:4, 6:8] = True
    affine = np.diag([-2.0, 1.0, 3.0, 1.0])
    affine[:3, 3] = (100.0, 0.0, -50.0)
    assert box_of(label, affine) == [100.0 - 2 * 3.0, 3.0, -50.0 + 3 * 6.5, 6.0, 1.0, 6.0]


def test_nothing_has_no_box() -> None:
    with pytest.raises(ValueError, match="no box"):
        box_of(np.zeros((3, 3, 3), bool), np.eye(4))


def test_what_is_near_is_what_the_distance_to_all_labels_says() -> None:
    labels = np.zeros((60, 50, 40), np.uint8)
    labels[5:9, 5:9, 5:9], labels[20:23, 8:11, 6:9], labels[48:52, 40:44, 30:34], labels[0, 49, 39] = 1, 2, 3, 4
    np.testing.assert_array_equal(near_nodules(labels), ndimage.distance_transform_edt(labels == 0) < phantom_datalist.CLEARANCE)
    assert not near_nodules(np.zeros((4, 4, 4), np.uint8)).any()


def test_boxes_and_middles_are_those_of_a_search_through_the_whole_map() -> None:
    labels = np.transpose(np.random.default_rng(3).integers(0, 4, (9, 12, 15)), (2, 1, 0)).astype(np.uint8)
    labels[:4] = 0
    places = label_places(labels)
    for number in (1, 2, 3):
        whole = np.nonzero(labels == number)
        assert [(axis.start, axis.stop - 1) for axis in places[number]] == [(hit.min(), hit.max()) for hit in whole]
        inside = [axis + span.start for axis, span in zip(np.nonzero(labels[places[number]] == number), places[number], strict=True)]
        assert [axis.mean() for axis in inside] == [axis.mean() for axis in whole]


def test_every_other_patient_is_for_validation(folder: Path) -> None:
    scans = json.loads((folder / "scans.json").read_text())
    cubes = json.loads((folder / "cubes" / "datalist.json").read_text())
    assert [i["patient"] for i in scans["training"]] == ["phantom_00000"]
    assert [i["patient"] for i in scans["validation"]] == ["phantom_00001"]
    for part in ("training", "validation"):
        assert {i["patient"] for i in cubes[part]} == {i["patient"] for i in scans[part]}
        assert sorted(i["nodule"] for i in cubes[part]) == [0] * phantom_datalist.EMPTY_CUBES_PER_SCAN + [1]


def test_boxes_and_cubes_hold_the_nodule(folder: Path) -> None:
    truth = coarse_phantom(0).truth[0]
    item = json.loads((folder / "scans.json").read_text())["training"][0]
    np.testing.assert_allclose(item["box"][0][:3], truth.center_lps_mm, atol=2.5)
    np.testing.assert_allclose(item["box"][0][3:], 15.0, atol=6.0)
    scan = nibabel.load(folder / item["image"])
    i, j, k = np.rint(world_to_index(swap_ras_lps(scan.affine), truth.center_lps_mm)).astype(int)
    assert np.asarray(scan.dataobj)[i, j, k] > -300
    assert np.asarray(nibabel.load(folder / item["label"]).dataobj)[i, j, k] == (2 if truth.side == "left" else 1)
    cube = next(c for c in json.loads((folder / "cubes" / "datalist.json").read_text())["training"] if c["nodule"])
    hu, outline = (np.asarray(nibabel.load(folder / "cubes" / cube[key]).dataobj) for key in ("image", "label"))
    assert hu.shape == outline.shape == (64, 64, 64)
    np.testing.assert_allclose([axis.mean() for axis in np.nonzero(outline)], 31.5, atol=1.0)
    assert np.median(hu[outline > 0]) > -300
    assert cube["ratings"] == [[truth.ratings[key] for key in phantom_datalist.READER_RATINGS]]


def test_masses_and_micronodules_do_not_count(tmp_path: Path) -> None:
    def with_diameter(seed: int) -> PhantomScan:
        scan = coarse_phantom(0)
        return replace(scan, truth=tuple(replace(n, mean_diameter_mm=(2.9, 3.0, 30.0, 30.1)[seed]) for n in scan.truth))

    list(write_phantom_datalists(tmp_path, 4, validation_every=5, make=with_diameter))
    items = json.loads((tmp_path / "scans.json").read_text())["training"]
    assert [item["box_class"] for item in items] == [[IGNORED_CLASS], [NODULE_CLASS], [NODULE_CLASS], [IGNORED_CLASS]]


def test_scans_that_are_there_are_kept(folder: Path) -> None:
    before = {f: f.stat().st_mtime_ns for f in folder.rglob("*.nii*")}
    lists = [(folder / "scans.json").read_text(), (folder / "cubes" / "datalist.json").read_text()]

    def refuse(seed: int) -> Any:
        raise AssertionError(f"phantom {seed} was made again")

    assert list(write_phantom_datalists(folder, 2, validation_every=2, make=refuse)) == [1, 2]
    assert {f: f.stat().st_mtime_ns for f in folder.rglob("*.nii*")} == before
    assert [(folder / "scans.json").read_text(), (folder / "cubes" / "datalist.json").read_text()] == lists


def test_a_smoke_datalist_that_is_there_is_used(folder: Path) -> None:
    assert smoke_datalist("scans.json", folder) == str(folder / "scans.json")
    assert smoke_datalist("cubes/datalist.json", folder) == str(folder / "cubes" / "datalist.json")
