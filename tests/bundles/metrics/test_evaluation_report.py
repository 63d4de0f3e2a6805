from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.bootstrap import Estimate
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport, FigureRow, FigureTable, PlotFile, read_report


@pytest.fixture
def report() -> EvaluationReport:
    row = FigureRow("dice", "Dice", {"network": Estimate(0.81234, 0.79, 0.83), "readers": Estimate(0.9)}, 3, headline=True)
    far = FigureRow("far", "Distance", {"network": Estimate(1.2345, math.nan, math.nan)}, 1, " mm")
    table = FigureTable("outline", "All", {"network": "network", "readers": "readers"}, (row, far))
    return EvaluationReport("segmentation", "Some", 3, 2, {"draws": 5}, (table,), ("A rule.",), (PlotFile("dice.png", "Dice"),))


def test_text_of_figures(report: EvaluationReport) -> None:
    dice, far = report.table("outline").rows
    assert dice.text("network") == "0.812 (0.790 to 0.830)"
    assert dice.text("readers") == "0.900"
    assert far.text("network") == "1.2 mm"
    assert far.text("readers") == ""
    assert FigureRow("x", "X", {"network": Estimate(math.nan, 0.1, 0.2)}).text("network") == ""
    assert report.table("outline").row("far") is far


def test_reports_survive_a_file(report: EvaluationReport, tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    file.write_text(json.dumps(report.to_json(), allow_nan=False), encoding="utf-8")
    back = read_report(file)
    assert back.to_json() == report.to_json()
    assert back.plots == report.plots
    assert back.tables[0].rows[0] == report.tables[0].rows[0]


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"format": "nodulescope evaluation", "format_version": 99}', '{"format": 1}'])
def test_other_files_are_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"metrics\.json: not the metrics\.json"):
        read_report(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_report(tmp_path / "metrics.json")
