from __future__ import annotations

import csv
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.contracts import RIGHT_LUNG
from nodulescope.bundles.coordinates import swap_ras_lps, world_to_index
from nodulescope.bundles.data.cube_datalist import fold_of
from nodulescope.bundles.data.luna16 import datalists
from nodulescope.bundles.data.luna16.datalists import Luna16Datalists, cache_luna16_scans, write_luna16_datalists
from nodulescope.bundles.data.luna16.folder import SCANS_OF_ONE_PATIENT, find_luna16
from nodulescope.bundles.data.scan_cache import TEST_FOLD, VALIDATION_FOLD, cached_scan
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS

Write = Callable[..., None]
WriteTables = Callable[..., Path]

BRIGHT_LPS = (-7.0, -1.0, 117.5)
"""Where the bright voxel (8, 10, 7) of every scan lies."""


def prepare(root: Path, out: Path) -> Luna16Datalists:
    found = find_luna16(root)
    return write_luna16_datalists(found, out, dict(cache_luna16_scans(found, out)))


def items(out: Path, name: str = "scans.json") -> dict[str, list[dict[str, Any]]]:
    content: dict[str, list[dict[str, Any]]] = json.loads((out / name).read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("flipped", [False, True])
def test_an_item_shows_the_nodule_where_its_box_says(flipped: bool, write_scan: Write, write_tables: WriteTables, tmp_path: Path) -> None:
    write_scan("1.1", flipped=flipped)
    place = ",".join(str(value) for value in BRIGHT_LPS)
    root = write_tables(annotations=f"1.1,{place},6\n", excluded="1.1,7,0,120,-1\n1.1,7,0,900,-1\n", patients="LIDC-IDRI-0007,1.1\n")
    written = prepare(root, tmp_path / "out")
    assert (written.scans, written.nodules, written.left_out) == (1, 1, ())
    [item] = [item for part in items(tmp_path / "out").values() for item in part]
    assert (item["patient"], item["series_instance_uid"]) == ("LIDC-IDRI-0007", "1.1")
    assert item["box"] == [[*BRIGHT_LPS, 6.0, 6.0, 6.0], [7.0, 0.0, 120.0, 10.0, 10.0, 10.0]]  # the one above the image is gone
    assert item["box_class"] == [NODULE_CLASS, IGNORED_CLASS]
    assert [annotation["id"] for annotation in item["nodules"]] == ["nodule_1", "excluded_1"]
    image, lungs = (nibabel.load(tmp_path / "out" / item[key]) for key in ("image", "label"))
    np.testing.assert_array_equal(image.affine, lungs.affine)
    index = tuple(np.rint(world_to_index(swap_ras_lps(image.affine), BRIGHT_LPS)).astype(int))
    values = np.asarray(image.dataobj)
    assert values[index] > 40  # brighter than the body around the lungs: here only the bright voxel is
    assert np.asarray(lungs.dataobj)[index] == RIGHT_LUNG


def test_the_official_subsets_are_the_folds(write_scan: Write, write_tables: WriteTables, tmp_path: Path) -> None:
    for series, subset in (("1.1", 0), ("1.2", 3), ("1.3", 3), ("1.4", None)):
        write_scan(series, subset=subset)
    written = prepare(write_tables(), tmp_path / "out")
    assert [file.name for file in written.files] == ["scans.json", "scans_fold0.json", "scans_fold3.json"]
    fold = items(tmp_path / "out", "scans_fold3.json")
    assert {part: [item["patient"] for item in entries] for part, entries in fold.items()} == {
        "training": ["1.1"],
        "validation": ["1.2", "1.3"],
    }
    assert [item["patient"] for item in items(tmp_path / "out", "scans_fold0.json")["training"]] == ["1.2", "1.3"]


def test_a_patient_in_two_subsets_is_never_on_both_sides(write_scan: Write, write_tables: WriteTables, tmp_path: Path) -> None:
    first, second = SCANS_OF_ONE_PATIENT
    write_scan(first, subset=6)
    write_scan(second, subset=2)
    write_scan("1.1", subset=2)
    prepare(write_tables(), tmp_path / "out")
    for fold, training in ((6, ["1.1"]), (2, [])):
        parts = items(tmp_path / "out", f"scans_fold{fold}.json")
        assert [item["patient"] for item in parts["training"]] == training
        assert not {item["patient"] for item in parts["training"]} & {item["patient"] for item in parts["validation"]}


def test_parts_are_by_patient(write_scan: Write, write_tables: WriteTables, tmp_path: Path) -> None:
    write_scan("1.0")
    found = find_luna16(write_tables())
    out = tmp_path / "out"
    [(_, cached)] = cache_luna16_scans(found, out)
    assert not isinstance(cached, InputError)
    patients = [f"LIDC-IDRI-{number:04d}" for number in range(1, 21)]
    parts = datalists.parts_by_patient([cached.item(patient, [], []) for patient in patients for _ in range(2)])
    assert sum(len(part) for part in parts.values()) == 40
    for name, folds in (("test", {TEST_FOLD}), ("validation", {VALIDATION_FOLD}), ("training", {2, 3, 4})):
        assert {fold_of(item["patient"]) for item in parts[name]} == folds


def test_what_is_left_out_is_listed_with_its_reason(write_scan: Write, write_tables: WriteTables, tmp_path: Path) -> None:
    write_scan("1.1")
    write_scan("1.2", subset=5)
    write_scan("1.3", subset=6)
    root = write_tables(annotations="1.3,0,0,900,6\n1.9,0,0,0,5\n", excluded="1.8,0,0,0,-1\n")
    (root / "subset5" / "subset5" / "1.2.raw").unlink()
    written = prepare(root, tmp_path / "out")
    assert (written.scans, [entry.series for entry in written.left_out]) == (1, ["1.8", "1.9", "1.2", "1.3"])
    rows = list(csv.reader((tmp_path / "out" / "left_out.csv").open(encoding="utf-8")))
    assert rows[0] == ["series_instance_uid", "subset", "reason"]
    assert rows[1] == ["1.8", "", "findings are listed for it, but its image is not there"]
    assert rows[3][:2] == ["1.2", "5"]
    assert "1.2.mhd: cannot be read as MetaImage" in rows[3][2]
    assert rows[4][2] == f"{root / 'annotations.csv'}: the nodule at (0.0, 0.0, 900.0) lies outside {root}/subset6/subset6/1.3.mhd"


def test_nothing_left_is_an_error_that_names_the_list(write_scan: Write, write_tables: WriteTables, tmp_path: Path) -> None:
    write_scan("1.1")
    with pytest.raises(InputError, match=r"left_out\.csv: no scan is left"):
        prepare(write_tables(annotations="1.1,0,0,900,6\n"), tmp_path / "out")


def test_finished_scans_are_kept_and_corrected_tables_are_used(
    write_scan: Write, write_tables: WriteTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for series in ("1.1", "1.2"):
        write_scan(series)
    prepare(write_tables(annotations="1.1,0,0,120,6\n"), out)
    (out / "1.2_lungs.nii.gz").unlink()  # as if interrupted
    kept = (out / "1.1.nii.gz").stat().st_mtime_ns
    read: list[str] = []
    original = datalists.read_research_ct
    monkeypatch.setattr(datalists, "read_research_ct", lambda path: (read.append(path.stem), original(path))[1])
    prepare(write_tables(annotations="1.1,0,0,120,7\n"), out)
    assert read == ["1.2"]
    assert (out / "1.1.nii.gz").stat().st_mtime_ns == kept
    boxes = {item["patient"]: item["box"] for part in items(out).values() for item in part}
    assert boxes == {"1.1": [[0.0, 0.0, 120.0, 7.0, 7.0, 7.0]], "1.2": []}


def test_without_published_lungs_the_classical_ones_are_taken(
    write_scan: Write, write_tables: WriteTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scan("1.1", lungs=False)
    write_scan("1.2")

    def no_lungs(ct: Any) -> Any:
        raise InputError(f"{ct.source.path}: there are no lungs")

    monkeypatch.setattr(datalists, "classical_lung_mask", no_lungs)
    written = prepare(write_tables(), tmp_path / "out")
    assert [(entry.series, entry.reason.rpartition(": ")[2]) for entry in written.left_out] == [("1.1", "there are no lungs")]
    assert json.loads((tmp_path / "out" / "1.2.json").read_text())["lungs_from"] == "seg-lungs-LUNA16"


def test_work_and_result_can_pass_between_processes(write_scan: Write, write_tables: WriteTables, tmp_path: Path) -> None:
    write_scan("1.1")
    [scan] = find_luna16(write_tables()).scans
    work, task = pickle.loads(pickle.dumps((datalists.cache_one_scan, (scan, tmp_path / "out"))))
    made = work(task)
    assert pickle.loads(pickle.dumps(made)) == made == cached_scan(tmp_path / "out", "1.1")
