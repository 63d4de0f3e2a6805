from __future__ import annotations

import csv
import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.coordinates import swap_ras_lps, world_to_index
from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.cube_datalist import fold_of
from nodulescope.bundles.data.lidc.annotations import annotate, class_of, slices_of_marks
from nodulescope.bundles.data.lidc.datalists import FinishedScan, cache_lidc_scans, fold_of_patient, scan_name, write_lidc_datalists
from nodulescope.bundles.data.lidc.markings import parse_markings
from nodulescope.bundles.data.lidc.nodules import marked_nodules
from nodulescope.bundles.data.lidc.scans import LeftOut, LidcScan, list_files, pair, read_headers, read_readings
from nodulescope.bundles.data.lidc.series import read_slice_header, stack_slices
from nodulescope.bundles.data.scan_cache import CachedScan
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS


@pytest.fixture(scope="module")
def scan(small_series: Any, small_reading: bytes) -> LidcScan:
    headers = [header for file in small_series.folder.iterdir() if (header := read_slice_header(file))]
    markings = parse_markings(small_reading, "small.xml")
    assert markings is not None
    return LidcScan(stack_slices(headers), markings)


@pytest.fixture(scope="module")
def cache(scan: LidcScan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FinishedScan]:
    out = tmp_path_factory.mktemp("cache") / "new"
    ((_, finished),) = cache_lidc_scans([scan], out)
    assert isinstance(finished, FinishedScan)
    return out, finished


def test_an_item_holds_what_training_reads(cache: tuple[Path, FinishedScan], small_series: Any) -> None:
    finished = cache[1]
    item = finished.item()
    name = item["image"].removesuffix(".nii.gz")
    assert name.startswith("SMALL-1_")
    assert (item["label"], item["patient"], item["series_instance_uid"]) == (f"{name}_lungs.nii.gz", "SMALL-1", small_series.series_uid)
    # Two readers enclose 5x5 pixels of 4 mm on three slices of 5 mm around voxel (34, 20, 15), the third one 3x3; 12 is one reader's own.
    center = (-94 + 4 * 34, -78 + 4 * 20, 100 + 5 * 15)
    assert item["box"][0] == pytest.approx([*center, 20.0, 20.0, 15.0])
    assert item["box"][1] == pytest.approx([-94 + 4 * 12, *center[1:], 20.0, 20.0, 15.0])
    assert item["box_class"] == [0, 1]
    first, second = (NoduleAnnotation.from_json(values) for values in item["nodules"])
    assert [rating[0] for rating in first.ratings] == [5.0, 4.0, 3.0]
    assert (first.readers, second.readers, second.id) == (3, 1, "nodule_2")
    assert [(point["kind"], point["reader"]) for point in item["points"]] == [("micronodule", 0), ("non-nodule", 1)]
    assert item["points"][0]["center_lps_mm"] == pytest.approx([-94 + 4 * 12, -78 + 4 * 18, 200.0])
    assert finished.item(1)["box_class"] == [0, 0]


def test_images_lungs_and_outlines_lie_on_one_grid(cache: tuple[Path, FinishedScan]) -> None:
    out, finished = cache
    item = finished.item()
    image, lungs = nibabel.load(out / item["image"]), nibabel.load(out / item["label"])
    outline = nibabel.load(out / item["nodules"][0]["outline"])
    for other in (lungs, outline):
        np.testing.assert_array_equal(other.affine, image.affine)
        assert other.shape == image.shape
    i, j, k = np.rint(world_to_index(swap_ras_lps(image.affine), item["box"][0][:3])).astype(int)
    assert np.asarray(image.dataobj)[i, j, k] == 30
    assert np.asarray(lungs.dataobj)[i, j, k] == 2  # the patient's left
    inside = np.asarray(outline.dataobj)
    assert set(np.unique(inside)) == {0, 1}
    assert int(inside.sum()) == pytest.approx(20 * 20 * 15, rel=0.1)
    np.testing.assert_allclose(np.argwhere(inside).mean(axis=0), (i, j, k), atol=1.0)


def test_what_is_there_is_kept_and_another_agreement_draws_new_outlines(
    scan: LidcScan, cache: tuple[Path, FinishedScan], tmp_path: Path
) -> None:
    out = tmp_path / "copy"
    shutil.copytree(cache[0], out)
    before = {file.name: file.stat().st_mtime_ns for file in out.iterdir()}
    ((_, again),) = cache_lidc_scans([scan], out)
    assert again == cache[1]
    assert {file.name: file.stat().st_mtime_ns for file in out.iterdir()} == before
    ((_, tight),) = cache_lidc_scans([scan], out, agreement=1.0)
    assert isinstance(tight, FinishedScan)
    assert tight.annotations[0].size_mm == pytest.approx((12.0, 12.0, 15.0))
    changed = {file.name for file in out.iterdir() if file.stat().st_mtime_ns != before.get(file.name)}
    name = scan_name(scan.series)
    assert changed == {f"{name}_nodule_1.nii.gz", f"{name}_nodule_2.nii.gz", f"{name}_nodules.json"}


def test_an_interrupted_change_of_the_agreement_leaves_nothing_half_done(
    scan: LidcScan, cache: tuple[Path, FinishedScan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "copy"
    shutil.copytree(cache[0], out)
    outline = out / str(cache[1].annotations[0].outline)
    before = int(np.asarray(nibabel.load(outline).dataobj).sum())

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("nodulescope.bundles.data.lidc.datalists.points_of", stop)
        with pytest.raises(KeyboardInterrupt):
            list(cache_lidc_scans([scan], out, agreement=1.0))
    assert int(np.asarray(nibabel.load(outline).dataobj).sum()) < before
    ((_, again),) = cache_lidc_scans([scan], out)
    assert again == cache[1]
    assert int(np.asarray(nibabel.load(outline).dataobj).sum()) == before


def test_a_lost_outline_and_a_completed_download_are_made_again(scan: LidcScan, cache: tuple[Path, FinishedScan], tmp_path: Path) -> None:
    out = tmp_path / "copy"
    shutil.copytree(cache[0], out)
    (out / f"{scan_name(scan.series)}_nodule_2.nii.gz").unlink()
    ((_, again),) = cache_lidc_scans([scan], out)
    assert again == cache[1]
    assert (out / f"{scan_name(scan.series)}_nodule_2.nii.gz").is_file()
    series = scan.series
    shorter = replace(series, files=series.files[:-2], slice_uids=series.slice_uids[:-2])
    ((_, cut),) = cache_lidc_scans([replace(scan, series=shorter)], out)
    assert isinstance(cut, FinishedScan)
    assert cut.cached.high_lps_mm[2] == cache[1].cached.high_lps_mm[2] - 10.0


def test_a_scan_that_cannot_be_read_is_given_with_its_reason(scan: LidcScan, tmp_path: Path) -> None:
    series = replace(scan.series, slice_uids=scan.series.slice_uids[:10], files=scan.series.files[:10])
    ((_, error),) = cache_lidc_scans([replace(scan, series=series)], tmp_path)
    assert isinstance(error, InputError)
    assert str(error).startswith("small.xml: marks the slice ")
    assert list(tmp_path.iterdir()) == []


def finished_scans(patients: list[str]) -> list[FinishedScan]:
    cached = CachedScan("a", "classical", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    return [FinishedScan(cached, patient, str(number), (), ()) for number, patient in enumerate(patients)]


def test_parts_and_folds_are_by_patient(tmp_path: Path) -> None:
    patients = [f"LIDC-IDRI-{number:04d}" for number in range(60)]
    scans = finished_scans([*patients, patients[3]])
    written = write_lidc_datalists(scans, [], tmp_path)
    parts = json.loads((tmp_path / "scans.json").read_text(encoding="utf-8"))
    assert written.files == (tmp_path / "scans.json",)
    assert {fold_of(item["patient"]) for item in parts["test"]} == {0}
    assert {fold_of(item["patient"]) for item in parts["validation"]} == {1}
    assert {fold_of(item["patient"]) for item in parts["training"]} == {2, 3, 4}
    assert sum(map(len, parts.values())) == 61
    written = write_lidc_datalists(scans, [], tmp_path, folds=3)
    assert [file.name for file in written.files] == ["scans_fold0.json", "scans_fold1.json", "scans_fold2.json"]
    validated = []
    for file in written.files:
        fold = json.loads(file.read_text(encoding="utf-8"))
        seen, unseen = ({item["patient"] for item in fold[part]} for part in ("training", "validation"))
        assert not seen & unseen
        assert seen | unseen == set(patients)
        validated += unseen
    assert sorted(validated) == patients


def test_five_folds_are_those_of_all_data_sets() -> None:
    patients = [f"LIDC-IDRI-{number:04d}" for number in range(100)]
    assert [fold_of_patient(patient, 5) for patient in patients] == [fold_of(patient) for patient in patients]


def test_what_is_left_out_is_listed(tmp_path: Path) -> None:
    write_lidc_datalists(finished_scans(["P"]), [LeftOut("images: no lungs, sorry", "1.2", "Q"), LeftOut("a.xml: broken")], tmp_path)
    with (tmp_path / "left_out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["series_instance_uid", "patient", "reason"], ["1.2", "Q", "images: no lungs, sorry"], ["", "", "a.xml: broken"]]
    with pytest.raises(InputError, match=r"left_out\.csv: no scan is left; the table says why, first of all: a\.xml: broken$"):
        write_lidc_datalists([], [LeftOut("a.xml: broken")], tmp_path)


def test_tasks_and_results_pass_between_processes(scan: LidcScan, cache: tuple[Path, FinishedScan]) -> None:
    sent = pickle.loads(pickle.dumps((scan, cache[0], 0.5)))
    ((_, there),) = cache_lidc_scans([sent[0]], sent[1], agreement=sent[2])  # the same scan, so its files are taken as they are
    assert pickle.loads(pickle.dumps(there)) == cache[1]


def test_two_scans_of_one_patient_have_different_names(scan: LidcScan) -> None:
    other = replace(scan.series, series_uid="1.2.3", patient="../A B")
    assert scan_name(scan.series) != scan_name(replace(scan.series, series_uid="1.2.3"))
    assert scan_name(other).startswith(".._A_B_")


def real_scans(folder: Path) -> list[LidcScan]:
    files = list_files(folder)
    headers = [header for paths in files.images for header in read_headers(paths)[0]]
    scans, left_out = pair(headers, read_readings(files.readings))
    assert left_out == []
    return scans


@pytest.mark.slow
def test_a_real_scan_with_one_nodule_of_four_readers(shared_data: Path, tmp_path: Path) -> None:
    (scan,) = real_scans(shared_data / "LIDC-IDRI-0001")
    ((_, finished),) = cache_lidc_scans([scan], tmp_path)
    assert isinstance(finished, FinishedScan)
    item = finished.item()
    assert (item["patient"], item["box_class"]) == ("LIDC-IDRI-0001", [0])
    (nodule,) = finished.annotations
    assert [rating[0] for rating in nodule.ratings] == [5.0, 5.0, 5.0, 4.0]
    luna16 = (56.20840547, 86.34341278, -115.8675792)  # the mean of the readers' centroids; ours is the middle of a box
    np.testing.assert_allclose(nodule.center_lps_mm, luna16, atol=2.0)
    assert nodule.diameter_mm == pytest.approx(23.35, rel=0.02)
    image, lungs, outline = (nibabel.load(tmp_path / name) for name in (item["image"], item["label"], str(nodule.outline)))
    inside = np.asarray(outline.dataobj) > 0
    assert np.cbrt(6 * int(inside.sum()) / np.pi) == pytest.approx(nodule.diameter_mm, rel=0.02)
    np.testing.assert_allclose(np.argwhere(inside).mean(axis=0), world_to_index(swap_ras_lps(image.affine), luna16), atol=1.0)
    assert -100 < np.median(np.asarray(image.dataobj)[inside]) < 100
    assert 3000 < np.count_nonzero(np.asarray(lungs.dataobj)) / 1000 < 8000
    assert {point["kind"] for point in finished.points} == {"micronodule", "non-nodule"}


def test_a_real_scan_with_a_lesion_of_two_readers(shared_data: Path) -> None:
    """Without its pixels, which take long: its headers and marks give all annotations."""
    (scan,) = real_scans(shared_data / "LIDC-IDRI-0002")
    (nodule,) = marked_nodules(scan.markings, slices_of_marks(scan.markings, scan.series))
    annotation, _ = annotate(nodule, "nodule_1", scan.series.affine_lps, 0.5, "a.nii.gz")
    assert (scan.series.patient, len(scan.series.files), annotation.readers) == ("LIDC-IDRI-0002", 261, 2)
    assert [rating[0] for rating in annotation.ratings] == [5.0, 4.0]
    assert class_of(annotation) == IGNORED_CLASS
    assert max(annotation.size_mm) > 30.0
