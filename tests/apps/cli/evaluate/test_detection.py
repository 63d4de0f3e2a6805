from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import typer

from nodulescope.apps.cli.evaluate.detection import EPILOG, LUNA16_MARKS, LUNA16_RESAMPLES, detection
from nodulescope.apps.cli.options import Verbosity
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.froc import MOST_MARKS_PER_SCAN
from nodulescope.bundles.metrics.froc_bootstrap import RESAMPLES

PLACE = "seriesuid,coordX,coordY,coordZ,"


def run(arguments: list[str], *, quiet: bool = False) -> None:
    app = typer.Typer()
    app.command(epilog=EPILOG)(detection)
    app(args=arguments, standalone_mode=False, obj=Verbosity(quiet=quiet))


@pytest.fixture
def tables(tmp_path: Path) -> list[str]:
    """Two scans, two nodules: one is found, one is missed; one false mark that scores lower; one mark on an excluded finding."""
    contents = {
        "annotations": f"{PLACE}diameter_mm\n1.1,0,0,0,10\n1.2,50,0,0,6\n1.9,0,0,0,6\n",
        "excluded": f"{PLACE}diameter_mm\n1.2,-50,0,0,-1\n",
        "series": "1.1\n1.2\n1.3\n1.4\n",
        "marks": f"{PLACE}probability\n1.1,1,0,0,0.9\n1.1,2,0,0,0.7\n1.1,30,0,0,0.4\n1.2,-47,0,0,0.8\n",
    }
    options = []
    for name, text in contents.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        options += [f"--{name}", str(tmp_path / f"{name}.csv")]
    return options


def test_figures_for_machines(tables: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run([*tables, "--json", "--bootstrap", "50"])
    captured = capsys.readouterr()
    found: dict[str, Any] = json.loads(captured.out)
    assert captured.err == ""
    assert found["cpm"] == 0.5
    assert [point["sensitivity"] for point in found["sensitivities"]] == [0.5] * 7
    tally = {key: found[key] for key in ("scans", "scans_without_marks", "nodules", "nodules_found", "marks", "false_positives")}
    assert tally == {"scans": 4, "scans_without_marks": 2, "nodules": 2, "nodules_found": 1, "marks": 4, "false_positives": 1}
    assert (found["double_marks_ignored"], found["marks_on_excluded_findings_ignored"], found["findings_of_other_scans"]) == (1, 1, 1)
    assert (found["max_marks_per_scan"], found["excluded_findings_given"]) == (100, True)
    assert found["bootstrap"] == {"resamples": 50, "seed": 0, "confidence": 0.95}
    assert found["cpm_interval"] == [0.0, 1.0]


def test_a_table_for_people(tables: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run([*tables, "--bootstrap", "0"])
    captured = capsys.readouterr()
    assert captured.err == ""
    rows = [line.split() for line in captured.out.splitlines()]
    assert ["0.125", "0.500"] in rows
    assert ["CPM", "0.500"] in rows
    assert "1 of 2 nodules found in 4 scans with 4 marks; 1 false positives." in captured.out
    assert "Left out: 1 findings of scans that are not evaluated." in captured.out
    assert "Note" not in captured.out


def test_without_excluded_findings_their_marks_are_false_and_that_is_said(tables: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    place = tables.index("--excluded")
    run([*tables[:place], *tables[place + 2 :], "--bootstrap", "0"])
    out = capsys.readouterr().out
    assert "2 false positives" in out
    assert "Note: without --excluded" in out


def test_the_limit_of_marks_can_be_set_and_lifted(tables: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for limit, false, stated in (("1", 0, 1), ("0", 1, None)):
        run([*tables, "--max-marks", limit, "--bootstrap", "0", "--json"])
        found = json.loads(capsys.readouterr().out)
        assert (found["false_positives"], found["max_marks_per_scan"]) == (false, stated)


def test_the_defaults_are_those_of_the_protocol() -> None:
    assert (LUNA16_MARKS, LUNA16_RESAMPLES) == (MOST_MARKS_PER_SCAN, RESAMPLES)


def test_files_are_written_whole(tables: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / "result"
    run([*tables, "--bootstrap", "20", "--seed", "3", "-o", str(out), "--quiet"])
    assert capsys.readouterr() == ("", "")
    assert sorted(file.name for file in out.iterdir()) == ["froc.csv", "froc.json", "froc.png", "froc.svg", "froc_curve.csv"]
    assert json.loads((out / "froc.json").read_text())["bootstrap"]["seed"] == 3
    curve = list(csv.DictReader((out / "froc_curve.csv").open()))
    assert [float(row["threshold"]) for row in curve] == [0.9, 0.4]
    assert [float(row["false_positives_per_scan"]) for row in curve] == [0.0, 0.25]
    drawn = list(csv.DictReader((out / "froc.csv").open()))
    assert [float(drawn[place]["false_positives_per_scan"]) for place in (0, 40, -1)] == [0.125, 0.25, 8.0]
    assert all(float(row["lower"]) <= 0.5 <= float(row["upper"]) for row in drawn)
    assert "CPM 0.500 (" in (out / "froc.svg").read_text()


def test_quiet_before_the_command_counts_too(tables: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run([*tables, "--bootstrap", "0"], quiet=True)
    assert capsys.readouterr() == ("", "")


def test_progress_is_shown_on_standard_error(tables: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run([*tables, "--bootstrap", "100"])
    assert "[100/100] Drawing test sets" in capsys.readouterr().err


def test_marks_of_an_unknown_series_are_named(tables: list[str], tmp_path: Path) -> None:
    (tmp_path / "series.csv").write_text("1.1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"marks\.csv: has marks of the series 1\.2"):
        run([*tables, "--bootstrap", "0"])


def test_a_datalist_and_what_the_bundle_found_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scan.nii.gz").touch()
    datalist = tmp_path / "scans.json"
    datalist.write_text(json.dumps([{"image": "scan.nii.gz", "box": [[0, 0, 0, 8, 8, 8], [50, 0, 0, 8, 8, 8]], "box_class": [0, 1]}]))
    boxes = [[1, 1, 1, 9, 9, 9], [51, 0, 0, 8, 8, 8], [90, 0, 0, 5, 5, 5]]
    found = {"source": "scan.nii.gz", "box": boxes, "box_class_scores": [0.9, 0.8, 0.1]}
    (tmp_path / "scan_detections.json").write_text(json.dumps(found))
    run(["--datalist", str(datalist), "--detections", str(tmp_path), "--bootstrap", "0", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert (figures["cpm"], figures["nodules"], figures["false_positives"], figures["marks_on_excluded_findings_ignored"]) == (1.0, 1, 1, 1)


def test_tables_and_a_datalist_at_once_or_neither_is_refused(tables: list[str]) -> None:
    for arguments in ([], tables[:2], [*tables, "--datalist", "scans.json", "--detections", "out"]):
        with pytest.raises(typer.BadParameter, match="either --annotations, --series and --marks, or --datalist and --detections"):
            run(arguments)
