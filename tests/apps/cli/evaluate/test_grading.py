from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit, logit

from nodulescope.apps.cli.main import run
from nodulescope.bundles.nodule_grading.baseline_network import SliceCNN
from nodulescope.bundles.nodule_grading.ratings import HEADS
from nodulescope.bundles.training.checkpoints import save_weights


@pytest.fixture
def bundle(make_bundle: Callable[[str], Path]) -> Path:
    return make_bundle("nodule_grading")


def evaluate(*options: Any, exit_status: int = 0) -> None:
    assert run(["evaluate", "grading", *(str(option) for option in options), "--draws", "20", "--device", "cpu"]) == exit_status


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "cases.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_folds_are_pooled_with_their_baselines_and_answers_give_the_same_again(
    folds: tuple[Path, Path], bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    save_weights(SliceCNN(), tmp_path / "cnn.pt")
    weights = bundle / "models" / "model.pt"
    runs = [part for fold in folds for part in ("--run", f"{fold}={weights}", "--slice-cnn", tmp_path / "cnn.pt")]
    evaluate(*runs, "--bundle", bundle, "--title", "Two folds", "-o", tmp_path / "out", "--json")
    report = json.loads(capsys.readouterr().out)
    written = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert report == written
    assert (report["title"], report["cases"], report["patients"]) == ("Two folds", 16, 16)
    assert report["settings"]["datalists"] == ["fold0.json", "fold1.json"]
    assert len(set(report["settings"]["weights_sha256"])) == 1
    assert str(tmp_path) not in json.dumps(report)
    malignancy = report["tables"][0]
    assert list(malignancy["columns"]) == ["network", "probability", "size", "slice_cnn", "readers"]
    rows = table(tmp_path / "out")
    assert sorted(row["case"] for row in rows) == sorted([f"n{n}" for n in range(12)] + [f"e{n}" for n in range(12, 16)])
    assert {row["run"] for row in rows if int(row["patient"][1:]) % 2} == {"1"}
    error = [
        abs(float(r["malignancy"]) - np.mean([float(v) for v in r["reader_malignancy"].split(";")])) for r in rows if r["nodule"] == "1"
    ]
    mae = next(row for row in malignancy["rows"] if row["key"] == "mae")["values"]["network"]["value"]
    assert mae == pytest.approx(np.mean(error), abs=1e-5)
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "cases.csv",
        "metrics.json",
        "roc.png",
        "reliability.png",
        "ratings.png",
    }

    evaluate("--answers", tmp_path / "out" / "cases.csv", "--json")
    again = json.loads(capsys.readouterr().out)
    assert [table["key"] for table in again["tables"]] == [table["key"] for table in report["tables"]]
    for one, other in zip(report["tables"], again["tables"], strict=True):
        for row, same in zip(one["rows"], other["rows"], strict=True):
            column = next(iter(row["values"]))
            assert same["values"][column] == pytest.approx(row["values"][column], abs=1e-5)


def test_calibrated_weights_answer_calibrated(
    folds: tuple[Path, Path], bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "nodulescope.bundles.metrics.grading_plots.write_grading_plots", lambda *_: ()
    )  # they take longest, and are not looked at
    common = ("--datalist", folds[0], "--bundle", bundle, "--quiet")
    evaluate(*common, "-o", tmp_path / "before", "--calibrate", tmp_path / "calibrated.pt")
    evaluate(*common, "-o", tmp_path / "after", "--weights", tmp_path / "calibrated.pt")
    before, after = table(tmp_path / "before"), table(tmp_path / "after")
    fits = json.loads((tmp_path / "before" / "metrics.json").read_text())["settings"]["calibration"]
    for column, head in (("malignancy_probability", "malignant"), ("probability", "nodule")):
        raw = np.array([float(row[column]) for row in before])
        expected = expit(fits[head]["scale"] * logit(raw) + fits[head]["bias"])
        assert [float(row[column]) for row in after] == pytest.approx(expected, abs=3e-3)
        assert abs(np.log(fits[head]["scale"])) + abs(fits[head]["bias"]) > 0.01
    assert [row["malignancy"] for row in after] == [row["malignancy"] for row in before]
    state = torch.load(tmp_path / "calibrated.pt", weights_only=True)
    assert state["heads.bias"].shape == (len(HEADS),)


def test_the_screen_shows_figures_with_intervals(folds: tuple[Path, Path], bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate("--datalist", folds[0], "--bundle", bundle, "--only", "n*")
    shown = capsys.readouterr()
    assert "Malignancy of 6 nodules of 6 patients" in shown.out
    assert "Nodule or not" not in shown.out
    assert " to " in shown.out
    assert "Grading" in shown.err


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ([], 2, "give one of --datalist FILE, --run DATALIST=WEIGHTS"),
        (["--datalist", "LIST", "--slice-cnn", "a", "--slice-cnn", "b"], 2, "--slice-cnn: give one file for each datalist, 1 in all"),
        (["--answers", "a.csv", "--calibrate", "c.pt"], 2, "--calibrate: takes one network"),
        (["--answers", "a.csv"], 3, "a.csv: there is no such table"),
        (["--datalist", "LIST", "--part", "training"], 3, "patients of training also train"),
        (["--datalist", "LIST", "--part", "test"], 3, "has no part named 'test'"),
        (["--datalist", "LIST", "--least-readers", "9"], 3, "holds no nodule with 9 readers"),
        (["--datalist", "LIST", "--weights", "none.pt"], 4, "none.pt: there are no weights here"),
        (["--datalist", "LIST", "--bundle", "nowhere"], 4, "nowhere: not a MONAI bundle"),
    ],
)
def test_errors_in_one_line(
    options: list[str], status: int, message: str, folds: tuple[Path, Path], bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [str(folds[0]) if option == "LIST" else option for option in options]
    evaluate(*filled, *([] if "--bundle" in filled else ["--bundle", bundle]), "--quiet", exit_status=status)
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_the_same_cases_twice_are_refused(folds: tuple[Path, Path], bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = bundle / "models" / "model.pt"
    evaluate("--run", f"{folds[0]}={weights}", "--run", f"{folds[0]}={weights}", "--bundle", bundle, "--quiet", exit_status=3)
    assert "n0 was graded twice" in capsys.readouterr().err


def test_answers_of_too_few_readers_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = "case,patient,nodule,reader_malignancy,probability,malignancy,malignancy_probability"
    lines = [f"c{n},p{n},1,{';'.join(['4', '5', '2'][: n % 3 + 1])},0.5,3.5,0.75" for n in range(9)]
    (tmp_path / "a.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    evaluate("--answers", tmp_path / "a.csv", "--json")
    assert json.loads(capsys.readouterr().out)["cases"] == 3
    evaluate("--answers", tmp_path / "a.csv", "--least-readers", "4", "--quiet", exit_status=3)
    assert "no nodule that 4 readers rated" in capsys.readouterr().err
