from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps, world_to_index
from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.luna16.tables import read_series
from nodulescope.bundles.data.scan_cache import cache_scan, cached_scan, each_in_processes
from nodulescope.bundles.errors import InputError, NodulescopeError
from nodulescope.bundles.preprocessing import CanonicalCTd

MakeCT = Callable[..., CTVolume]


def lungs_of(ct: CTVolume) -> LungMask:
    """Labels that tell the two halves of the image apart, on the CT's grid."""
    labels = np.zeros(ct.shape, np.uint8)
    labels[: ct.shape[0] // 2], labels[ct.shape[0] // 2 :] = 1, 2
    return LungMask(labels, ct.affine_lps, fully_covered=True)


def canonical(values: np.ndarray, affine_ras: np.ndarray) -> MetaTensor:
    image = MetaTensor(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))[None], affine=torch.as_tensor(affine_ras))
    result: MetaTensor = CanonicalCTd(["image"])({"image": image})["image"]
    return result


def test_training_on_the_kept_scan_sees_what_an_analysis_of_the_original_sees(
    make_ct: MakeCT, orientation: tuple[tuple[int, ...], tuple[int, ...]], tmp_path: Path
) -> None:
    ct = make_ct(orientation=orientation)
    cache_scan(tmp_path, "scan", ct, lungs_of(ct), lungs_from="test")
    kept = nibabel.load(tmp_path / "scan.nii.gz")
    assert kept.get_data_dtype() == np.int16
    np.testing.assert_array_equal(kept.affine[:3, :3], np.eye(3))
    wanted = canonical(ct.hu, swap_ras_lps(ct.affine_lps))
    seen = canonical(np.asarray(kept.dataobj), kept.affine)
    np.testing.assert_allclose(seen.affine.numpy(), wanted.affine.numpy(), atol=1e-3)
    # MONAI's grid may end up to half a voxel beyond the image, where it repeats the border; the kept one ends inside.
    inside = tuple(slice(0, n) for n in seen.shape[1:])
    assert all(0 <= a - b <= 1 for a, b in zip(wanted.shape[1:], seen.shape[1:], strict=True))
    np.testing.assert_allclose(seen[0].numpy(), wanted[0][inside].numpy(), atol=0.6 / 1400)


def test_lungs_stay_where_they_are_whatever_grid_they_come_on(make_ct: MakeCT, tmp_path: Path) -> None:
    ct = make_ct(shape=(20, 18, 16), spacing=(1.0, 1.0, 2.0))
    own = lungs_of(ct)
    turned = LungMask(own.labels[::-1, ::-1].copy(), ct.affine_lps @ np.diag([-1.0, -1.0, 1.0, 1.0]), fully_covered=True)
    turned.affine_lps[:3, 3] = index_to_world(ct.affine_lps, (19, 17, 0))
    for name, lungs in (("own", own), ("turned", turned)):
        cache_scan(tmp_path, name, ct, lungs, lungs_from="test")
    first, second = (nibabel.load(tmp_path / f"{name}_lungs.nii.gz") for name in ("own", "turned"))
    labels = np.asarray(first.dataobj)
    np.testing.assert_array_equal(labels, np.asarray(second.dataobj))
    assert labels.dtype == np.uint8
    place = np.rint(world_to_index(swap_ras_lps(first.affine), index_to_world(ct.affine_lps, [(2, 9, 8), (17, 9, 8)]))).astype(int)
    assert labels[tuple(place.T)].tolist() == [1, 2]


def test_a_turned_scan_is_turned_back_with_air_in_the_corners(make_ct: MakeCT, tmp_path: Path) -> None:
    angle = np.deg2rad(30.0)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    ct = make_ct(shape=(20, 20, 12), spacing=(1.0, 1.0, 1.0), rotation=turn)
    ct = replace(ct, hu=np.full(ct.shape, 40.0, np.float32))
    scan = cache_scan(tmp_path, "scan", ct, lungs_of(ct), lungs_from="test")
    kept = nibabel.load(tmp_path / "scan.nii.gz")
    values = np.asarray(kept.dataobj)
    np.testing.assert_array_equal(kept.affine[:3, :3], np.eye(3))
    assert (values[0, 0, 5], values[-1, -1, 5]) == (-1000, -1000)
    center = np.rint(world_to_index(swap_ras_lps(kept.affine), index_to_world(ct.affine_lps, (9.5, 9.5, 5.5)))).astype(int)
    assert values[tuple(center)] == 40
    assert scan.holds(index_to_world(ct.affine_lps, (10, 10, 6)))


def test_a_point_is_inside_up_to_the_outer_faces_of_the_voxels(make_ct: MakeCT, tmp_path: Path) -> None:
    ct = make_ct(shape=(10, 11, 12), spacing=(0.75, 0.5, 2.5))
    scan = cache_scan(tmp_path, "scan", ct, lungs_of(ct), lungs_from="test")
    assert scan.holds(index_to_world(ct.affine_lps, (9.49, 10.49, 11.49)))
    for index in ((9.51, 5, 5), (5, -0.51, 5), (5, 5, 11.51)):
        assert not scan.holds(index_to_world(ct.affine_lps, index))


def test_a_scan_is_there_when_all_of_its_files_are(make_ct: MakeCT, tmp_path: Path) -> None:
    ct = make_ct()
    made = cache_scan(tmp_path / "new", "scan", ct, lungs_of(ct), lungs_from="classical")
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["scan.json", "scan.nii.gz", "scan_lungs.nii.gz"]
    assert cached_scan(tmp_path / "new", "scan") == made
    assert cached_scan(tmp_path / "new", "other") is None
    (tmp_path / "new" / "scan_lungs.nii.gz").unlink()
    assert cached_scan(tmp_path / "new", "scan") is None


def test_an_item_names_files_boxes_and_annotations(make_ct: MakeCT, tmp_path: Path) -> None:
    ct = make_ct()
    scan = cache_scan(tmp_path, "1.2.3", ct, lungs_of(ct), lungs_from="classical")
    annotation = NoduleAnnotation("nodule_1", (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), 5.0)
    item = scan.item("P", [annotation], [1], series_uid="1.2.3")
    assert item == {
        "image": "1.2.3.nii.gz",
        "label": "1.2.3_lungs.nii.gz",
        "patient": "P",
        "series_instance_uid": "1.2.3",
        "box": [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]],
        "box_class": [1],
        "nodules": [annotation.to_json()],
    }
    assert "series_instance_uid" not in scan.item("P", [], [])


def odd(number: int) -> int:
    if number % 2 == 0:
        raise InputError(f"{number}: is even")
    return number * 10


def test_one_after_the_other_keeps_the_order_and_tells_what_went_wrong() -> None:
    results = list(each_in_processes(odd, [3, 2, 1], 1))
    assert results[0] == (3, 30)
    assert isinstance(results[1][1], InputError)
    assert results[2] == (1, 10)


def test_side_by_side_gives_the_same_in_any_order(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text(f"1.{number}\n", encoding="utf-8")
    files = [tmp_path / name for name in ("0.csv", "1.csv", "2.csv", "absent.csv")]
    results = dict(each_in_processes(read_series, files, 2))  # a reader whose module loads at once
    assert [results[file] for file in files[:3]] == [["1.0"], ["1.1"], ["1.2"]]
    assert str(results[files[3]]) == f"{files[3]}: there is no such file"
    assert isinstance(results[files[3]], InputError)


def test_a_process_that_is_ended_is_told_in_one_line() -> None:
    with pytest.raises(NodulescopeError, match="perhaps for lack of memory: use fewer than 2 --jobs"):
        list(each_in_processes(os._exit, [1, 1], 2))
