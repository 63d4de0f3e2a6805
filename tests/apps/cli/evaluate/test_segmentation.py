from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.apps.cli.main import run


def evaluate(*options: Any, exit_status: int = 0) -> None:
    assert run(["evaluate", "segmentation", *(str(option) for option in options), "--draws", "20", "--device", "cpu"]) == exit_status


def figure(report: dict[str, Any], table: str, row: str, column: str) -> float:
    rows = next(t for t in report["tables"] if t["key"] == table)["rows"]
    value: float = next(r for r in rows if r["key"] == row)["values"][column]["value"]
    return value


def test_outlines_of_folds_are_pooled(
    folds: tuple[Path, Path], make_bundle: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make_bundle("nodule_segmentation")
    runs = [part for fold in folds for part in ("--run", f"{fold}={bundle / 'models' / 'model.pt'}")]
    evaluate("--kind", "outline", *runs, "--bundle", bundle, "--only", "n[0-5].nii", "-o", tmp_path / "out", "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["cases"], report["patients"]) == (6, 6)
    assert figure(report, "outline", "dice", "threshold") == 1.0  # the nodules are plain cuboids
    assert 0.0 <= figure(report, "outline", "dice", "network") < 0.5  # random weights
    with (tmp_path / "out" / "cases.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {by: sum(row["by"] == by for row in rows) for by in ("network", "threshold", "readers")} == {
        "network": 6,
        "threshold": 6,
        "readers": 18,
    }
    readers = [float(row["dice"]) for row in rows if row["by"] == "readers"]
    assert figure(report, "outline", "dice", "readers") == pytest.approx(np.mean(readers), abs=1e-6)
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"cases.csv", "metrics.json", "dice.png", "volume.png"}

    evaluate("--kind", "outline", "--answers", tmp_path / "out" / "cases.csv", "--json")
    again = json.loads(capsys.readouterr().out)
    assert figure(again, "outline", "surface", "network") == pytest.approx(figure(report, "outline", "surface", "network"))
    evaluate("--kind", "lungs", "--answers", tmp_path / "out" / "cases.csv", "-q", exit_status=3)
    assert "holds nothing of the kind lungs" in capsys.readouterr().err


def test_lungs_that_nobody_sees_are_missed(make_bundle: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A scan of a few centimetres: too small for lungs, by the network's rule and by the classical method's."""
    hu = np.full((24, 24, 24), 40.0)
    labels = np.zeros(hu.shape, np.uint8)
    labels[4:10, 6:18, 6:18], labels[14:20, 6:18, 6:18] = 1, 2
    hu[labels > 0] = -850.0
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(hu.astype(np.int16), affine), tmp_path / "scan.nii.gz")
    nibabel.save(nibabel.Nifti1Image(labels, affine), tmp_path / "lungs.nii.gz")
    item = {"image": "scan.nii.gz", "label": "lungs.nii.gz", "patient": "p1"}
    (tmp_path / "scans.json").write_text(json.dumps({"training": [], "test": [item]}), encoding="utf-8")
    bundle = make_bundle("lung_segmentation")
    evaluate("--kind", "lungs", "--datalist", tmp_path / "scans.json", "--part", "test", "--bundle", bundle, "--json")
    report = json.loads(capsys.readouterr().out)
    assert [table["key"] for table in report["tables"]] == ["both_lungs", "right_lung", "left_lung"]
    for method in ("network", "classical"):
        assert figure(report, "right_lung", "missed", method) == 100.0
        assert figure(report, "both_lungs", "volume_bias", method) == -100.0


def test_the_same_cases_twice_are_refused(
    folds: tuple[Path, Path], make_bundle: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make_bundle("nodule_segmentation")
    twice = ["--run", f"{folds[0]}={bundle / 'models' / 'model.pt'}"] * 2
    evaluate("--kind", "outline", *twice, "--bundle", bundle, "--only", "n0.nii", "-q", exit_status=3)
    assert "n0: was measured twice" in capsys.readouterr().err


def test_a_kind_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    evaluate("--datalist", "x.json", exit_status=2)
    assert "--kind" in capsys.readouterr().err
