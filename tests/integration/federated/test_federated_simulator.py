"""Federations in NVFlare's simulator: three sites, from the site file to a bundle that grades and detects."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch
import yaml

from nodulescope.apps.cli.main import run
from nodulescope.bundles.contracts import CTSource, CTVolume, LungMask
from nodulescope.bundles.predictors import open_bundle
from nodulescope.bundles.predictors.detection import DetectionPredictor
from nodulescope.bundles.predictors.grading import GradingPredictor
from nodulescope.federated.bundle_identity import bundle_sha256

SITES = ("north", "south", "west")
pytestmark = pytest.mark.slow


def ledger_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "participation.json").read_text(encoding="utf-8"))


def simulate(hospitals: Any, out: Path, *options: str) -> int:
    """Run the command with what makes small networks train in a second."""
    common = ["--rounds", "2", "--set", "batch_size=2", "--set", "amp=false", "--round-timeout", "300", "--quiet"]
    return run(["federate", "simulate", str(hospitals.bundle), "--sites", str(hospitals.site_file), "-o", str(out), *common, *options])


@pytest.fixture(scope="module")
def graded(grading_hospitals: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A federation for grading with everything that can be measured at the end."""
    out = tmp_path_factory.mktemp("graded")
    assert simulate(grading_hospitals, out, "--cross-site", "--personal", "1") == 0
    return out


def test_every_site_takes_part_in_every_round_with_its_cases(graded: Path) -> None:
    ledger = ledger_of(graded)
    assert ledger["status"] == "complete"
    assert [entry["round"] for entry in ledger["rounds"]] == [1, 2]
    for entry in ledger["rounds"]:
        assert {site: part["cases"] for site, part in entry["sites"].items()} == {"north": 4, "south": 6, "west": 8}
        assert {site: part["steps"] for site, part in entry["sites"].items()} == {"north": 2, "south": 3, "west": 4}
        for part in entry["sites"].values():
            assert part["took_part"] and 0.0 <= part["metric"] <= 1.0 and part["validation_cases"] == 4 and math.isfinite(part["loss"])


def test_half_precision_halves_what_travels(graded: Path, grading_hospitals: Any) -> None:
    state = torch.load(grading_hospitals.bundle / "models" / "model.pt", weights_only=True)
    halves = sum(value.numel() * (2 if value.is_floating_point() else value.element_size()) for value in state.values())
    for entry in ledger_of(graded)["rounds"]:
        assert {part["bytes_down"] for part in entry["sites"].values()} == {halves}
        assert {part["bytes_up"] for part in entry["sites"].values()} == {halves}


def test_models_of_every_site_are_measured_at_every_site(graded: Path) -> None:
    ledger = ledger_of(graded)
    assert {"last", "personal", *SITES} <= set(ledger["evaluation"])
    for row in ledger["evaluation"].values():
        assert set(row) == set(SITES)
        assert all(0.0 <= at["malignancy_auc"] <= 1.0 and at["validation_cases"] == 4 for at in row.values())
    for site in SITES:
        assert (graded / "work" / "state" / site / "federation" / "personal.pt").is_file()
    table = (graded / "participation.md").read_text(encoding="utf-8")
    assert "COMPLETE" in table and "| north | " in table


def test_the_best_weights_are_kept_as_well_as_the_last(graded: Path) -> None:
    ledger = ledger_of(graded)
    assert set(ledger["global_metric"]) == {"0", "1", "2"}
    assert ledger["global_metric"][str(ledger["best"])] == max(ledger["global_metric"].values())
    best, last = (torch.load(graded / name, weights_only=True) for name in ("best.pt", "last.pt"))
    assert best.keys() == last.keys()
    assert all(torch.equal(best[name], last[name]) for name in best) == (ledger["best"] == 2)


def test_the_result_is_a_bundle_that_grades(graded: Path, grading_hospitals: Any) -> None:
    bundle = graded / "bundle"
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))
    entry = metadata["federation"]
    assert entry["complete"] and entry["rounds"] == 2 and entry["privacy"] == "none"
    assert entry["sites"] == [{"name": f"site {n}", "training_cases": cases} for n, cases in ((1, 4), (2, 6), (3, 8))]
    assert not any(site in json.dumps(metadata) for site in ("north", "south", "west"))
    assert bundle_sha256(bundle) == bundle_sha256(grading_hospitals.bundle)
    predictor = GradingPredictor(open_bundle(bundle, "nodule_grading", torch.device("cpu")))
    ct = CTVolume(np.full((60, 60, 60), -850.0, np.float32), np.eye(4), CTSource(kind="phantom"))
    (grade,) = predictor(ct, [(30.0, 30.0, 30.0)])
    assert 0.0 < grade.probability < 1.0


def test_job_files_name_no_path_and_bring_no_code(graded: Path) -> None:
    job = graded / "work" / "job"
    files = [file for file in job.rglob("*") if file.is_file()]
    assert files and {file.suffix for file in files} == {".json"}
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    assert str(graded) not in text and "datalist" not in text and "patient" not in text


def test_a_detector_trains_with_scaffold_and_the_result_detects(detection_hospitals: Any, tmp_path: Path) -> None:
    settings = ["patch=48", "patches=1", "repeats=1", "val_interval=1"]
    options = [word for setting in settings for word in ("--set", setting)]
    assert simulate(detection_hospitals, tmp_path, "--algorithm", "scaffold", "--start", "random", *options) == 0
    ledger = ledger_of(tmp_path)
    assert ledger["status"] == "complete" and ledger["key_metric"] == "cpm"
    first, second = (entry["sites"] for entry in ledger["rounds"])
    assert {site: part["cases"] for site, part in first.items()} == {"north": 1, "south": 2, "west": 3}
    assert second["west"]["loss"] != first["west"]["loss"]
    weights = torch.load(tmp_path / "last.pt", weights_only=True)
    trainable = [value.numel() for name, value in weights.items() if "running" not in name and "num_batches" not in name]
    controls = sum(count + -(-count // 32) for count in trainable)  # 8 bits, and an exponent for each 32
    plain = sum(value.numel() * (2 if value.is_floating_point() else value.element_size()) for value in weights.values())
    assert first["north"]["bytes_down"] == plain + controls  # the control variates travel beside the weights
    assert first["north"]["bytes_up"] == plain  # the server derives their changes
    predictor = DetectionPredictor(open_bundle(tmp_path / "bundle", "nodule_detection", torch.device("cpu")))
    scan = nibabel.load(detection_hospitals.site_file.parent / "north" / "scan.nii.gz")
    ct = CTVolume(np.asarray(scan.dataobj, np.float32), np.diag([-1.0, -1.0, 1.0, 1.0]) @ scan.affine, CTSource(kind="phantom"))
    labels = nibabel.load(detection_hospitals.site_file.parent / "north" / "lungs.nii.gz")
    found = predictor(ct, LungMask(np.asarray(labels.dataobj, np.uint8), ct.affine_lps, fully_covered=True))
    assert all(0.0 <= candidate.score <= 1.0 for candidate in found)


def test_a_site_with_numbers_that_are_not_finite_is_left_out_and_a_stopped_run_goes_on(grading_hospitals: Any, tmp_path: Path) -> None:
    entries = yaml.safe_load(grading_hospitals.site_file.read_text(encoding="utf-8"))["sites"]
    for entry in entries.values():
        entry["datalist"] = str(grading_hospitals.site_file.parent / entry["datalist"])
    entries["west"]["settings"] = {"learning_rate": 1e30}
    (tmp_path / "sites.yaml").write_text(yaml.safe_dump({"sites": entries}), encoding="utf-8")
    hospitals = type(grading_hospitals)(tmp_path / "sites.yaml", grading_hospitals.bundle)
    out = tmp_path / "out"
    fedopt = ("--algorithm", "fedopt", "--keep-at-site", "norm")
    assert simulate(hospitals, out, "--rounds", "1", *fedopt) == 1
    ledger = ledger_of(out)
    assert ledger["status"] == "incomplete" and ledger["why"] == "west missed round 1"
    assert ledger["rounds"][0]["sites"]["west"] == {
        "took_part": False,
        "reason": "NOT_FINITE",
        "why": "its result holds numbers that are not finite",
    }
    assert not json.loads((out / "bundle" / "configs" / "metadata.json").read_text(encoding="utf-8"))["federation"]["complete"]
    weights = torch.load(out / "last.pt", weights_only=True)
    assert all(torch.isfinite(value).all() for value in weights.values())

    del entries["west"]["settings"]
    (tmp_path / "sites.yaml").write_text(yaml.safe_dump({"sites": entries}), encoding="utf-8")
    assert simulate(hospitals, out, "--resume", *fedopt) == 1  # what was missed stays missed
    resumed = ledger_of(out)
    assert [entry["round"] for entry in resumed["rounds"]] == [1, 2]
    assert resumed["rounds"][0] == ledger["rounds"][0]
    assert resumed["rounds"][1]["sites"]["west"]["took_part"]
    assert resumed["status"] == "incomplete" and resumed["why"] == "west missed round 1"
    assert not torch.equal(torch.load(out / "last.pt", weights_only=True)["heads.weight"], weights["heads.weight"])
