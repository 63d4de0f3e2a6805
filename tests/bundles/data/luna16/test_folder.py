from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from nodulescope.bundles.data.luna16.folder import SCANS_OF_ONE_PATIENT, find_luna16
from nodulescope.bundles.errors import InputError

Write = Callable[..., None]
WriteTables = Callable[..., Path]


def test_scans_lungs_and_tables_are_found_where_the_archives_put_them(write_scan: Write, write_tables: WriteTables) -> None:
    write_scan("1.2", subset=7)
    write_scan("1.1", subset=0, lungs=False)
    write_scan("1.3", subset=None)
    root = write_tables(annotations="1.1,0,0,120,6\n1.1,5,5,125,7\n", excluded="1.2,1,2,3,-1\n", patients="P1,1.1\n")
    found = find_luna16(root)
    assert [(scan.series, scan.subset, scan.lungs is not None) for scan in found.scans] == [
        ("1.1", 0, False),
        ("1.2", 7, True),
        ("1.3", None, True),
    ]
    assert found.scans[1].image == root / "subset7" / "subset7" / "1.2.mhd"
    assert found.scans[1].lungs == root / "seg-lungs-LUNA16" / "1.2.mhd"
    assert found.annotations == root / "annotations.csv"
    assert {series: [row.value for row in rows] for series, rows in found.nodules.items()} == {"1.1": [6.0, 7.0]}
    assert {series: [row.value for row in rows] for series, rows in found.excluded.items()} == {"1.2": [10.0]}
    assert [found.patient_of(series) for series in ("1.1", "1.2")] == ["P1", "1.2"]


def test_subsets_that_are_links_are_followed(write_scan: Write, write_tables: WriteTables, tmp_path: Path) -> None:
    write_scan("1.1", subset=4)
    root = write_tables()
    (root / "subset4").rename(tmp_path / "elsewhere")
    (root / "subset4").symlink_to(tmp_path / "elsewhere")
    assert [(scan.series, scan.subset) for scan in find_luna16(root).scans] == [("1.1", 4)]


def test_a_named_list_of_patients_is_used(write_scan: Write, write_tables: WriteTables, tmp_path: Path) -> None:
    write_scan("1.1")
    own = tmp_path / "own.csv"
    own.write_text("Q,1.1\n", encoding="utf-8")
    assert find_luna16(write_tables(patients="P1,1.1\n"), own).patient_of("1.1") == "Q"


def test_what_is_missing_is_named(write_scan: Write, write_tables: WriteTables, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent: there is no such folder"):
        find_luna16(tmp_path / "absent")
    root = write_tables()
    with pytest.raises(InputError, match=r"LUNA16: holds no scan \(\.mhd\)"):
        find_luna16(root)
    write_scan("1.1")
    (root / "evaluationScript" / "annotations" / "annotations_excluded.csv").unlink()
    with pytest.raises(InputError, match=r"LUNA16: holds no annotations_excluded\.csv; it is published in LUNA16's evaluationScript\.zip"):
        find_luna16(root)
    (root / "annotations.csv").unlink()
    with pytest.raises(InputError, match=r"LUNA16: holds no annotations\.csv"):
        find_luna16(root)


def test_a_scan_that_is_there_twice_is_refused(write_scan: Write, write_tables: WriteTables) -> None:
    write_scan("1.1", subset=0)
    write_scan("1.1", subset=3)
    with pytest.raises(InputError, match=r"subset3/1\.1\.mhd: the same scan is also .*subset0"):
        find_luna16(write_tables())


def test_two_scans_are_known_to_show_one_patient_without_any_list(write_scan: Write, write_tables: WriteTables) -> None:
    write_scan("1.1")
    found = find_luna16(write_tables())
    assert {found.patient_of(series) for series in SCANS_OF_ONE_PATIENT} == {"LIDC-IDRI-0332"}


def test_no_other_two_published_scans_show_one_patient(shared_data: Path) -> None:
    headers = list(csv.DictReader((shared_data / "luna16" / "headers_888.csv").open(encoding="utf-8")))
    patients = Counter(row["patient"] for row in headers)
    repeated = {row["seriesuid"]: row["patient"] for row in headers if patients[row["patient"]] > 1}
    assert len(headers) == 888
    assert repeated == SCANS_OF_ONE_PATIENT
