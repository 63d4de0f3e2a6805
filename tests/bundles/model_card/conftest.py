"""An evaluation of a grading network as it lies on disk, with its picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodulescope.bundles.metrics.bootstrap import Estimate
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport, FigureRow, FigureTable, PlotFile

SHA256 = "ab" * 32


@pytest.fixture
def report() -> EvaluationReport:
    rows = (
        FigureRow("auc", "AUC | threes out", {"network": Estimate(0.93456, 0.9, 0.95), "size": Estimate(0.88)}, headline=True),
        FigureRow("kappa", "Kappa", {"network": Estimate(0.7, 0.6, 0.8)}, 2),
    )
    tables = (
        FigureTable("malignancy", "Malignancy of 3 nodules", {"network": "network", "size": "size alone"}, rows),
        FigureTable(
            "nodule", "Nodule or not", {"network": "network"}, (FigureRow("auc", "AUC", {"network": Estimate(0.99)}, headline=True),)
        ),
    )
    settings = {"weights_sha256": [SHA256]}
    return EvaluationReport("grading", "LIDC-IDRI", 3, 2, settings, tables, ("Truth is a mean.",), (PlotFile("roc.png", "ROC curves"),))


@pytest.fixture
def metrics_file(report: EvaluationReport, tmp_path: Path) -> Path:
    folder = tmp_path / "result"
    folder.mkdir()
    (folder / "metrics.json").write_text(json.dumps(report.to_json()), encoding="utf-8")
    (folder / "roc.png").write_bytes(b"picture")
    return folder / "metrics.json"


@pytest.fixture
def froc_file(tmp_path: Path) -> Path:
    folder = tmp_path / "froc"
    folder.mkdir()
    points = [{"false_positives_per_scan": rate, "sensitivity": 0.5, "interval": [0.4, 0.6]} for rate in (0.125, 1.0, 8.0)]
    summary = {"cpm": 0.75, "cpm_interval": [0.7, 0.8], "sensitivities": points, "nodules": 10, "scans": 4, "false_positives": 1}
    (folder / "froc.json").write_text(json.dumps(summary), encoding="utf-8")
    return folder / "froc.json"
