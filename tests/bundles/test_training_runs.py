"""Every training configuration runs on the small chest: its evaluation finds the weights that it kept, and an interruption does no harm."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ignite.engine import Events
from monai.bundle import ConfigWorkflow
from monai.utils import set_determinism

SETTINGS: dict[str, dict[str, Any]] = {
    "lung_segmentation": {"patch": 32},
    "nodule_detection": {"patch": 48, "patches": 1, "repeats": 1},
    "nodule_segmentation": {"batch_size": 1, "cube": 24},
    "nodule_grading": {"batch_size": 2},
}


class Interrupted(Exception):
    pass


def run(bundle: Any, *names: str, stop_in_epoch: int | None = None, **settings: Any) -> ConfigWorkflow:
    common = {"bundle_root": str(bundle.root), "num_workers": 0, "amp": False}
    overrides = {**bundle.overrides, **SETTINGS[bundle.stage], **common, **settings}
    workflow = ConfigWorkflow(bundle.config(*names), logging_file=False, workflow_type="train", **overrides)
    try:
        workflow.initialize()
        if stop_in_epoch is not None:
            interrupt_in(workflow.parser.get_parsed_content("train#trainer"), stop_in_epoch)
        workflow.run()
    except RuntimeError as error:  # MONAI wraps what happens inside an expression
        if not isinstance(error.__cause__, Interrupted):
            raise
    finally:
        set_determinism(seed=None)
    return workflow


def interrupt_in(trainer: Any, epoch: int) -> None:
    def interrupt(engine: Any) -> None:
        if engine.state.epoch == epoch:
            raise Interrupted

    trainer.add_event_handler(Events.ITERATION_COMPLETED, interrupt)


def test_training_and_evaluation_agree(stage: str, small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path) -> None:
    bundle = small_bundle(stage)
    datalist = str(small_data.scans if stage in ("lung_segmentation", "nodule_detection") else small_data.cubes)
    before = torch.load(bundle.root / "models" / "model.pt", weights_only=True)
    start = str(bundle.root / "models" / "model.pt")
    trained = run(
        bundle,
        "train.yaml",
        "smoke.yaml",
        datalist=datalist,
        output_dir=str(tmp_path / "run"),
        epochs=1,
        start_from=start,
        learning_rate=0.05,
    )
    after = torch.load(tmp_path / "run" / "best.pt", weights_only=True)
    assert after.keys() == before.keys()
    kernels = [name for name, value in after.items() if value.ndim == 5]
    assert sum(not torch.equal(after[name], before[name]) for name in kernels) > 0.8 * len(kernels)
    key = trained.evaluator.state.key_metric_name
    assert 0.0 <= trained.evaluator.state.metrics[key] <= 1.0

    evaluated = run(
        bundle,
        "train.yaml",
        "evaluate.yaml",
        datalist=datalist,
        output_dir=str(tmp_path / "eval"),
        ckpt_path=str(tmp_path / "run" / "best.pt"),
    )
    assert evaluated.evaluator.state.metrics == pytest.approx(
        trained.evaluator.state.metrics, abs=5e-3
    )  # weights rounded to half precision
    with (tmp_path / "eval" / "metrics.csv").open(newline="") as file:
        written = dict(csv.reader(file))
    assert {name: float(value) for name, value in written.items()} == pytest.approx(evaluated.evaluator.state.metrics)


@pytest.mark.parametrize("stage", ["nodule_detection", "nodule_grading"])
def test_an_interruption_changes_no_bit_of_the_weights(
    stage: str, small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path
) -> None:
    bundle = small_bundle(stage)
    settings = {"datalist": str(small_data.scans if stage == "nodule_detection" else small_data.cubes), "epochs": 2, "val_interval": 1}
    run(bundle, "train.yaml", output_dir=str(tmp_path / "whole"), **settings)
    run(bundle, "train.yaml", output_dir=str(tmp_path / "parts"), stop_in_epoch=2, **settings)
    assert torch.load(tmp_path / "parts" / "resume.pt", weights_only=True)["epoch"] == 1
    run(bundle, "train.yaml", output_dir=str(tmp_path / "parts"), **settings)
    whole, parts = (torch.load(tmp_path / name / "resume.pt", weights_only=True) for name in ("whole", "parts"))
    assert (whole["epoch"], whole["best"], whole["lr_scheduler"]["last_epoch"]) == (
        parts["epoch"],
        parts["best"],
        parts["lr_scheduler"]["last_epoch"],
    )
    assert all(torch.equal(value, parts["network"][name]) for name, value in whole["network"].items())
