from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.froc import ScanMarks
from nodulescope.bundles.metrics.froc_evaluation import evaluate_froc
from nodulescope.bundles.model_card.froc_report import froc_report, is_froc


def test_figures_of_a_detector(froc_file: Path) -> None:
    report = froc_report(froc_file, "Phantoms")
    (table,) = report.tables
    assert [row.name for row in table.rows] == [
        "CPM",
        "Sensitivity at 0.125 false positive per scan",
        "Sensitivity at 1 false positive per scan",
        "Sensitivity at 8 false positives per scan",
    ]
    assert table.rows[0].text("network") == "0.750 (0.700 to 0.800)"
    assert [row.headline for row in table.rows] == [True, False, False, False]
    assert table.title == "10 nodules in 4 scans, 1 false mark in all"
    assert (report.title, report.plots) == ("Phantoms", ())


def test_the_curve_is_taken_along(froc_file: Path) -> None:
    (froc_file.parent / "froc.png").write_bytes(b"picture")
    assert [plot.file for plot in froc_report(froc_file, "").plots] == ["froc.png"]


def test_what_an_evaluation_really_writes_is_read(tmp_path: Path) -> None:
    """Guards the names that both modules use: marks on one nodule, and one beside it, in two scans."""
    nowhere, one = np.empty((0, 3)), np.zeros((1, 3))
    scans = [
        ScanMarks(np.array([[0.0, 0, 0], [90.0, 0, 0]]), np.array([0.9, 0.5]), one, np.array([8.0]), nowhere, np.empty(0)),
        ScanMarks(nowhere, np.empty(0), one, np.array([8.0]), nowhere, np.empty(0)),
    ]
    file = tmp_path / "froc.json"
    evaluation = evaluate_froc(scans, resamples=0)
    file.write_text(json.dumps(evaluation.to_json()), encoding="utf-8")
    assert is_froc(json.loads(file.read_text()))
    rows = froc_report(file, "").tables[0].rows
    assert rows[0].values["network"].value == pytest.approx(evaluation.cpm)
    assert rows[-1].text("network") == "0.500"


def test_other_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "froc.json"
    file.write_text('{"cpm": 1, "sensitivities": []}', encoding="utf-8")
    with pytest.raises(InputError, match=r"froc\.json: not the froc\.json"):
        froc_report(file, "")
    assert not is_froc([])
    assert not is_froc({"cpm": 1})
