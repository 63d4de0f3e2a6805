from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.froc import ScanOutcome, rank_marks
from nodulescope.bundles.metrics.froc_tables import read_marked_scans, write_curve, write_sensitivities

PLACE = "seriesuid,coordX,coordY,coordZ,"


def tables(folder: Path, *, annotations: str, series: str, marks: str, excluded: str | None = None) -> tuple[Path, Path, Path, Path | None]:
    contents = {"a.csv": f"{PLACE}diameter_mm\n{annotations}", "s.csv": series, "m.csv": f"{PLACE}probability\n{marks}"}
    if excluded is not None:
        contents["e.csv"] = f"{PLACE}diameter_mm\n{excluded}"
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "a.csv", folder / "s.csv", folder / "m.csv", folder / "e.csv" if excluded is not None else None


def test_truth_and_marks_come_together_by_scan(tmp_path: Path) -> None:
    files = tables(
        tmp_path,
        annotations="1.2,1,2,3,10\n1.9,0,0,0,4\n",
        series="1.3\n1.2\n",
        marks="1.2,1,2,4,0.5\n1.3,9,9,9,0.25\n1.2,7,7,7,0.75\n",
        excluded="1.3,5,6,7,-1\n",
    )
    read = read_marked_scans(*files)
    assert read.series == ("1.3", "1.2")
    first, second = read.scans
    assert first.centers.tolist() == [[9, 9, 9]]
    assert first.nodule_centers.shape == (0, 3)
    assert (first.excluded_centers.tolist(), first.excluded_diameters.tolist()) == ([[5, 6, 7]], [10.0])  # unknown: 10 mm
    assert second.scores.tolist() == [0.5, 0.75]
    assert (second.nodule_centers.tolist(), second.nodule_diameters.tolist()) == ([[1, 2, 3]], [10.0])
    assert second.excluded_centers.shape == (0, 3)
    assert read.findings_elsewhere == 1


def test_leading_zeros_do_not_count_where_scans_are_numbers(tmp_path: Path) -> None:
    read = read_marked_scans(
        *tables(tmp_path, annotations="00783,1,2,3,10\n", series="00783\n00000\n", marks="783,1,1,1,0.5\n0,2,2,2,0.1\n")
    )
    assert read.series == ("00783", "00000")
    assert [len(scan.scores) for scan in read.scans] == [1, 1]
    assert read.scans[0].nodule_diameters.tolist() == [10.0]


def test_leading_zeros_count_where_any_scan_has_another_name(tmp_path: Path) -> None:
    files = tables(tmp_path, annotations="00783,1,2,3,10\n", series="00783\n1.2.3\n", marks="783,1,1,1,0.5\n")
    with pytest.raises(InputError, match=r"m\.csv: has marks of the series 783, which .*s\.csv does not list"):
        read_marked_scans(*files)


def test_a_scan_that_is_listed_with_and_without_zeros_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.csv: lists a scan twice"):
        read_marked_scans(*tables(tmp_path, annotations="7,1,2,3,10\n", series="7\n007\n", marks="7,1,1,1,0.5\n"))


def test_unknown_series_are_named(tmp_path: Path) -> None:
    files = tables(tmp_path, annotations="a,1,2,3,10\n", series="a\n", marks="z,1,1,1,0.5\nb,1,1,1,0.5\nz,1,1,1,0.5\na,1,1,1,0.5\n")
    with pytest.raises(InputError, match=r"m\.csv: has marks of the series b and 1 more, which"):
        read_marked_scans(*files)


def test_truth_of_other_scans_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.csv: has no nodule of any series"):
        read_marked_scans(*tables(tmp_path, annotations="b,1,2,3,10\n", series="a\n", marks="a,1,1,1,0.5\n"))


def test_the_curve_is_written_with_its_thresholds(tmp_path: Path) -> None:
    ranked = rank_marks([ScanOutcome(np.array([0.9, -np.inf]), np.array([0.5])), ScanOutcome(np.array([]), np.array([]))])
    write_curve(ranked, tmp_path / "curve.csv")
    assert (tmp_path / "curve.csv").read_text().splitlines() == [
        "threshold,false_positives_per_scan,sensitivity",
        "0.9,0.000000000,0.500000000",
        "0.5,0.500000000,0.500000000",
    ]


def test_missing_intervals_stay_empty(tmp_path: Path) -> None:
    rates, values = np.array([0.125, 8.0]), np.array([0.5, 1.0])
    write_sensitivities(rates, values, np.array([0.25, np.nan]), np.array([0.75, np.nan]), tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines == ["false_positives_per_scan,sensitivity,lower,upper", "0.125000,0.500000,0.250000,0.750000", "8.000000,1.000000,,"]
