from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from monai.bundle import verify_metadata

from nodulescope.bundles.errors import BundleError, InputError
from nodulescope.bundles.metrics.evaluation_report import EvaluationReport
from nodulescope.bundles.model_card import card
from nodulescope.bundles.model_card.card import Evaluation, read_evaluation, write_model_card
from nodulescope.bundles.model_card.figures_block import BEGIN, END
from nodulescope.bundles.predictors import find_bundle

SCHEMA = Path(__file__).parents[1] / "metadata_schema.json"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of a shipped bundle's card and metadata."""
    root = tmp_path / "nodule_grading"
    for folder in ("configs", "docs"):
        shutil.copytree(find_bundle("nodule_grading") / folder, root / folder)
    return root


def contents(bundle: Path) -> dict[str, bytes]:
    return {str(file.relative_to(bundle)): file.read_bytes() for file in sorted(bundle.rglob("*")) if file.is_file()}


def test_card_pictures_and_metadata_are_written(bundle: Path, metrics_file: Path, froc_file: Path, tmp_path: Path) -> None:
    before = (bundle / "docs" / "README.md").read_text(encoding="utf-8")
    written = write_model_card(bundle, [read_evaluation(metrics_file), read_evaluation(froc_file, "Marks")])
    names = {"docs/figures-1-grading-roc.png", "docs/README.md", "configs/metadata.json"}
    assert {str(file.relative_to(bundle)) for file in written} == names
    text = (bundle / "docs" / "README.md").read_text(encoding="utf-8")
    assert text.partition(BEGIN)[0] == before.partition(BEGIN)[0]
    assert text.partition(END)[2] == before.partition(END)[2]
    assert "### LIDC-IDRI" in text and "### Marks" in text
    assert (bundle / "docs" / "figures-1-grading-roc.png").read_bytes() == b"picture"
    metrics = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))["eval_metrics"]
    assert (metrics["malignancy_auc"], metrics["detection_cpm"]) == (0.9346, 0.75)
    schema = shutil.copy(SCHEMA, tmp_path / "schema.json")  # a file that is there is not downloaded
    verify_metadata(meta_file=str(bundle / "configs" / "metadata.json"), filepath=str(schema))


def test_the_same_evaluations_give_the_same_bytes(bundle: Path, metrics_file: Path) -> None:
    write_model_card(bundle, [read_evaluation(metrics_file)])
    once = contents(bundle)
    write_model_card(bundle, [read_evaluation(metrics_file)])
    assert contents(bundle) == once


def test_pictures_of_earlier_evaluations_go(bundle: Path, metrics_file: Path, report: EvaluationReport) -> None:
    (bundle / "docs" / "own_drawing.png").write_bytes(b"mine")
    evaluation = read_evaluation(metrics_file)
    write_model_card(bundle, [evaluation, evaluation])
    assert (bundle / "docs" / "figures-2-grading-roc.png").is_file()
    write_model_card(bundle, [Evaluation(replace(report, plots=()), metrics_file.parent)])
    assert [file.name for file in (bundle / "docs").glob("*.png")] == ["own_drawing.png"]


def test_only_the_figures_of_this_bundles_weights_are_its_own(bundle: Path, metrics_file: Path, report: EvaluationReport) -> None:
    sha256 = json.loads((bundle / "configs" / "metadata.json").read_text())["weights"]["models/model.pt"]["sha256"]
    write_model_card(bundle, [Evaluation(replace(report, settings={"weights_sha256": [sha256]}), metrics_file.parent)])
    assert "Measured: the weights of this bundle." in (bundle / "docs" / "README.md").read_text(encoding="utf-8")
    write_model_card(bundle, [read_evaluation(metrics_file)])
    assert "the bundle's own are others" in (bundle / "docs" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("broken", ["missing", "large", "marks", "metadata"])
def test_what_is_wrong_is_named_and_nothing_is_written(
    broken: str, bundle: Path, metrics_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken == "missing":
        (metrics_file.parent / "roc.png").unlink()
    elif broken == "large":
        monkeypatch.setattr(card, "LARGEST_PICTURE", 3)
    elif broken == "marks":
        (bundle / "docs" / "README.md").write_text("# Card", encoding="utf-8")
    else:
        (bundle / "configs" / "metadata.json").unlink()
    before = contents(bundle)
    error = InputError if broken in ("missing", "large") else BundleError
    named = "roc.png" if broken in ("missing", "large") else {"marks": "README.md", "metadata": "metadata.json"}[broken]
    with pytest.raises(error, match=named.replace(".", r"\.")):
        write_model_card(bundle, [read_evaluation(metrics_file)])
    assert contents(bundle) == before


def test_a_file_of_no_evaluation_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.json: not the metrics\.json"):
        read_evaluation(tmp_path / "x.json")
