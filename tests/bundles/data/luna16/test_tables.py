from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.bundles.data.luna16.tables import (
    DIAMETER,
    PROBABILITY,
    UNKNOWN_DIAMETER_MM,
    TableRow,
    read_findings,
    read_patients,
    read_rows,
    read_series,
)
from nodulescope.bundles.errors import InputError

HEADINGS = "seriesuid,coordX,coordY,coordZ,"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_findings_with_known_and_unknown_diameter(tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", f"{HEADINGS}diameter_mm,mal\n1.2,-128.5,1,2.25,5.65,x\n\n1.3,0,0,0,-1,\n")
    rows = read_findings(table)
    assert rows == [TableRow("1.2", (-128.5, 1.0, 2.25), 5.65), TableRow("1.3", (0.0, 0.0, 0.0), UNKNOWN_DIAMETER_MM)]
    assert UNKNOWN_DIAMETER_MM == 10.0  # LUNA16's script


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_columns_are_known_by_their_headings(delimiter: str, tmp_path: Path) -> None:
    text = "\ufeffprobability,coordZ,seriesuid,coordX,coordY\n0.5,3,1.2,1,2\n".replace(",", delimiter)
    assert read_rows(write(tmp_path / "m.csv", text), PROBABILITY) == [TableRow("1.2", (1.0, 2.0, 3.0), 0.5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"t\.csv: is empty"),
        ("seriesuid,coordX,coordY,diameter_mm\n", r"t\.csv: has no column coordZ; its first line must be seriesuid,coordX,coordY,coordZ,d"),
        (f"{HEADINGS}diameter_mm\n1.2,1,2,3,4\n1.2,1,2,three,4\n", r"t\.csv, line 3: '1\.2,1,2,three,4' has not a series and four numbers"),
        (f"{HEADINGS}diameter_mm\n1.2,1,2,3\n", r"t\.csv, line 2: '1\.2,1,2,3' has not a series and four numbers"),
        (f"{HEADINGS}diameter_mm\n1.2,1,nan,3,4\n", r"t\.csv, line 2: 1,nan,3,4 are not all finite"),
        (f"{HEADINGS}diameter_mm\n1.2,1,2,3,0\n", r"t\.csv: a finding of series 1\.2 has a diameter of 0"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_findings(write(tmp_path / "t.csv", text))


def test_a_missing_and_a_binary_table_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.csv: there is no such file"):
        read_rows(tmp_path / "absent.csv", DIAMETER)
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match=r"b\.csv: cannot be read as a text table"):
        read_rows(tmp_path / "b.csv", DIAMETER)


def test_series_are_listed_one_a_line_with_or_without_a_heading(tmp_path: Path) -> None:
    assert read_series(write(tmp_path / "s.csv", "1.2\n1.1\n\n")) == ["1.2", "1.1"]
    assert read_series(write(tmp_path / "s.csv", "seriesuid,subset\n00783,1\n")) == ["00783"]


@pytest.mark.parametrize(("text", "message"), [("seriesuid\n", "lists no series"), ("1.1\n1.2\n1.2\n", r"lists the series 1\.2 twice")])
def test_what_is_wrong_with_a_list_of_series_is_said(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_series(write(tmp_path / "s.csv", text))


def test_patients_by_series(tmp_path: Path) -> None:
    assert read_patients(write(tmp_path / "p.csv", "LIDC-IDRI-0001, 1.2\nLIDC-IDRI-0001,1.3\n")) == {
        "1.2": "LIDC-IDRI-0001",
        "1.3": "LIDC-IDRI-0001",
    }
    with pytest.raises(InputError, match=r"p\.csv: the line 'LIDC-IDRI-0001' is not of the form PATIENT,SERIES"):
        read_patients(write(tmp_path / "p.csv", "LIDC-IDRI-0001\n"))


def test_the_published_tables(shared_data: Path) -> None:
    nodules, excluded = (read_findings(shared_data / "luna16" / name) for name in ("annotations.csv", "annotations_excluded.csv"))
    series = set(read_series(shared_data / "luna16" / "seriesuids.csv"))
    assert {row.series for row in (*nodules, *excluded)} <= series
    assert (min(row.value for row in nodules), max(row.value for row in nodules)) == pytest.approx((3.2534, 32.2700), abs=1e-3)
    assert sum(row.value == UNKNOWN_DIAMETER_MM for row in excluded) == 30436
