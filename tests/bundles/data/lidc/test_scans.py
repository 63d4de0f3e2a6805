from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nodulescope.bundles.data.lidc.scans import Readings, count_readings, list_files, pair, read_headers, read_readings
from nodulescope.bundles.data.lidc.series import SliceHeader
from nodulescope.bundles.errors import InputError

Make = Callable[..., str]
MakeXml = Callable[..., bytes]

LINE = [(1, 1), (2, 1), (2, 2), (1, 2)]


def headers(series: str, study: str, folder: str = "somewhere") -> list[SliceHeader]:
    one = SliceHeader(Path(folder) / "a", "P", study, series, "", (32, 32), (1.0, 1.0), (1.0, 0, 0, 0, 1.0, 0), (0.0, 0.0, 0.0))
    return [replace(one, slice_uid=f"{series}.{k}", position=(0.0, 0.0, float(k))) for k in range(12)]


def readings(tmp_path: Path, **contents: bytes) -> Readings:
    for name, content in contents.items():
        (tmp_path / f"{name}.xml").write_bytes(content)
    return read_readings(sorted(tmp_path.glob("*.xml")))


def test_files_are_listed_by_what_they_may_be(tmp_path: Path) -> None:
    for name in ("b/1.dcm", "b/2", "b/x.XML", "a/3.dcm", "all.zip", "b/.hidden.xml", "a/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    files = list_files(tmp_path)
    assert files.readings == (tmp_path / "all.zip", tmp_path / "b" / "x.XML")
    assert files.images == ((tmp_path / "a" / "3.dcm",), (tmp_path / "b" / "1.dcm", tmp_path / "b" / "2"))
    with pytest.raises(InputError, match="there is no such folder"):
        list_files(tmp_path / "absent")


def test_readings_come_from_files_and_archives(tmp_path: Path, make_xml: MakeXml) -> None:
    (tmp_path / "one.xml").write_bytes(make_xml([[]], series="1.5"))
    (tmp_path / "two.xml").write_bytes(b"<LidcReadMessage>")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("157/158.xml", make_xml([[]], series="1.6"))
        archive.writestr("185/068.xml", make_xml([], root="IdriReadMessage"))
        archive.writestr("__MACOSX/157/._158.xml", b"no reading")
        archive.writestr("readme.txt", b"no reading")
    (tmp_path / "broken.zip").write_bytes(b"PK")
    files, counts = sorted(tmp_path.iterdir()), list[int]()
    found = read_readings(files, counts.append)
    assert counts == [1, 2, 3, 4]
    assert count_readings(files) == 4
    assert [(m.series_uid, m.source) for m in found.markings] == [
        ("1.6", f"{tmp_path / 'all.zip'}: 157/158.xml"),
        ("1.5", str(tmp_path / "one.xml")),
    ]
    assert found.radiographs == 1
    broken, invalid = sorted(entry.reason for entry in found.left_out)
    assert broken.startswith(f"{tmp_path / 'broken.zip'}: cannot be opened")
    assert invalid.startswith(f"{tmp_path / 'two.xml'}: not valid XML")


def test_uids_bring_series_and_readings_together(tmp_path: Path, make_xml: MakeXml) -> None:
    found = readings(tmp_path, a=make_xml([[]], series="9.2", study="8.8"), b=make_xml([[]], series="9.1", study="8.8"))
    scans, left_out = pair([*headers("9.1", "8.1", "9.2"), *headers("9.2", "8.1", "9.1")], found)
    assert [(scan.series.series_uid, scan.markings.series_uid) for scan in scans] == [("9.1", "9.1"), ("9.2", "9.2")]
    assert left_out == []


def test_a_reading_that_names_its_study_only_belongs_to_the_studys_only_ct(tmp_path: Path, make_xml: MakeXml) -> None:
    found = readings(tmp_path, a=make_xml([[]], series="", study="8.1"))
    scans, left_out = pair(headers("9.1", "8.1"), found)
    assert [scan.series.series_uid for scan in scans] == ["9.1"]
    scans, left_out = pair([*headers("9.1", "8.1"), *headers("9.2", "8.1")], found)
    assert scans == []
    assert f"{tmp_path / 'a.xml'}: the series that it reads is not in the folder" in [entry.reason for entry in left_out]


def test_what_has_no_counterpart_is_told(tmp_path: Path, make_xml: MakeXml) -> None:
    scans, left_out = pair(headers("9.1", "8.1", "images"), readings(tmp_path, a=make_xml([[]], series="9.2")))
    assert scans == []
    assert [(entry.series_uid, entry.patient, entry.reason) for entry in left_out] == [
        ("9.2", "", f"{tmp_path / 'a.xml'}: the series that it reads is not in the folder"),
        ("9.1", "P", "images: no XML file reads this series"),
    ]


def test_a_series_with_a_missing_slice_is_told(tmp_path: Path, make_xml: MakeXml) -> None:
    given = headers("9.1", "8.1", "images")
    scans, (entry,) = pair(given[:5] + given[6:], readings(tmp_path, a=make_xml([[]], series="9.1")))
    assert scans == []
    assert (entry.series_uid, entry.patient) == ("9.1", "P")
    assert entry.reason.startswith("images: 1 slice(s) missing")


def test_copies_of_a_reading_count_once_and_different_ones_are_told(tmp_path: Path, make_xml: MakeXml, nodule_xml: Make) -> None:
    content = make_xml([[nodule_xml("1", [("s", 0, LINE, True)])]], series="9.1")
    scans, left_out = pair(headers("9.1", "8.1"), readings(tmp_path, a=content, b=content))
    assert (len(scans), left_out) == (1, [])
    scans, (entry,) = pair(headers("9.1", "8.1"), readings(tmp_path, a=content, b=make_xml([[]], series="9.1")))
    assert scans == []
    assert entry.reason == f"{tmp_path / 'b.xml'}: reads the same series as {tmp_path / 'a.xml'} and differs from it; keep one of them"


def test_damaged_images_are_told_and_the_others_read(small_series: Any, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.dcm"
    files = sorted(small_series.folder.iterdir())
    damaged.write_bytes(files[0].read_bytes()[:400])
    found, left_out = read_headers([files[1], damaged, files[2]])
    assert [header.slice_uid for header in found] == list(small_series.slice_uids[1:3])
    assert [entry.reason.partition(": ")[0] for entry in left_out] == [str(damaged)]
