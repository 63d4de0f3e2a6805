from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nodulescope.apps.cli.evaluate.model_card import titled_file
from nodulescope.apps.cli.main import run
from nodulescope.bundles.errors import UsageError


def test_an_evaluation_becomes_a_card(
    folds: tuple[Path, Path], make_bundle: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From cubes to card in two commands; figures of the card are those of the evaluation."""
    bundle = make_bundle("nodule_grading")
    options = ["--datalist", str(folds[0]), "--bundle", str(bundle), "--draws", "5", "--device", "cpu", "-o", str(tmp_path / "out"), "-q"]
    assert run(["evaluate", "grading", *options]) == 0
    metrics = tmp_path / "out" / "metrics.json"
    assert run(["evaluate", "model-card", str(bundle), "--metrics", f"Six nodules={metrics}"]) == 0
    printed = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {file.name for file in printed} == {
        "figures-1-grading-roc.png",
        "figures-1-grading-reliability.png",
        "figures-1-grading-ratings.png",
        "README.md",
        "metadata.json",
    }
    card = (bundle / "docs" / "README.md").read_text(encoding="utf-8")
    assert "### Six nodules" in card
    assert "Measured: the weights of this bundle." in card
    report = json.loads(metrics.read_text(encoding="utf-8"))
    mae = next(row for row in report["tables"][0]["rows"] if row["key"] == "mae")["values"]["network"]["value"]
    assert f"| Mean absolute error | {mae:.3f} (" in card
    recorded = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))["eval_metrics"]
    assert recorded["malignancy_mae"] == pytest.approx(mae, abs=1e-4)


def test_titles_of_evaluations(tmp_path: Path) -> None:
    assert titled_file("a/metrics.json") == ("", Path("a/metrics.json"))
    assert titled_file("Some title = of it=a/metrics.json") == ("Some title = of it", Path("a/metrics.json"))
    odd = tmp_path / "a=b.json"
    odd.touch()
    assert titled_file(str(odd)) == ("", odd)
    with pytest.raises(UsageError, match="write TITLE=FILE"):
        titled_file("title=")


def test_a_missing_file_is_named(make_bundle: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    bundle = make_bundle("nodule_grading")
    assert run(["evaluate", "model-card", str(bundle), "--metrics", "none.json"]) == 3
    assert capsys.readouterr().err.startswith("nodulescope: none.json: there is no such file")
