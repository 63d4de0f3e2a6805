from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO

import pytest

from nodulescope.apps.cli.evaluate.evaluation_output import adding, show_evaluation, write_evaluation
from nodulescope.bundles.metrics.bootstrap import Estimate
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport, FigureRow, FigureTable, PlotFile

TABLE = FigureTable(
    "t", "Figures of all", {"network": "network", "size": "size"}, (FigureRow("a", "AUC", {"network": Estimate(0.5, 0.4, 0.6)}),)
)
REPORT = EvaluationReport("grading", "A title", 1, 1, {}, (TABLE,), ("A rule.",))


def write_cases(stream: TextIO) -> None:
    stream.write("case\n")


def test_all_files_appear_together(tmp_path: Path) -> None:
    def draw(place: object) -> tuple[PlotFile, ...]:
        place("roc.png").write_bytes(b"picture")  # type: ignore[operator]
        return (PlotFile("roc.png", "ROC"),)

    report = write_evaluation(REPORT, tmp_path / "new" / "folder", write_cases, draw)
    assert sorted(file.name for file in (tmp_path / "new" / "folder").iterdir()) == ["cases.csv", "metrics.json", "roc.png"]
    assert json.loads((tmp_path / "new" / "folder" / "metrics.json").read_text())["plots"] == [{"file": "roc.png", "caption": "ROC"}]
    assert report.plots == (PlotFile("roc.png", "ROC"),)


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def draw(place: object) -> tuple[PlotFile, ...]:
        place("roc.png").write_bytes(b"picture")  # type: ignore[operator]
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_evaluation(REPORT, tmp_path, write_cases, draw)
    assert list(tmp_path.iterdir()) == []


def test_tables_json_or_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_evaluation(REPORT, tmp_path, as_json=False, quiet=False)
    shown = capsys.readouterr().out
    for text in ("A title", "Figures of all", "0.500 (0.400 to 0.600)", "A rule.", f"Written: {tmp_path}"):
        assert text in shown
    show_evaluation(REPORT, None, as_json=True, quiet=True)
    assert json.loads(capsys.readouterr().out) == REPORT.to_json()
    show_evaluation(REPORT, None, as_json=False, quiet=True)
    assert capsys.readouterr().out == ""


def test_progress_adds_up() -> None:
    told: list[int] = []
    add = adding(told.append)
    for more in (3, 1, 4):
        add(more)
    assert told == [3, 4, 8]
