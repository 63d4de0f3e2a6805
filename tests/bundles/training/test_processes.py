from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.handlers import StatsHandler, TensorBoardStatsHandler, ValidationHandler

from nodulescope.bundles.training import processes


def test_alone_a_process_is_the_first_and_runs_every_handler() -> None:
    handlers = [StatsHandler(), ValidationHandler(interval=1, validator=None)]
    assert processes.is_first_process()
    assert processes.own_handlers(handlers) == handlers
    assert processes.process_number() == 0
    assert processes.first_process_value(0.1) == 0.1
    assert processes.own_device().type in ("cpu", "cuda")


def test_another_process_neither_logs_nor_draws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "is_first_process", lambda: False)
    validation = ValidationHandler(interval=1, validator=None)
    assert processes.own_handlers([StatsHandler(), validation, TensorBoardStatsHandler(log_dir=str(tmp_path))]) == [validation]


def test_processes_decide_by_what_the_first_one_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(processes, "own_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(processes.distributed, "broadcast", lambda tensor, src: tensor.fill_(0.25 if src == 0 else 0.75))
    assert processes.first_process_value(0.5) == 0.25


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["nodule_grading", "nodule_detection"])
def test_two_processes_train_one_network(stage: str, small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path) -> None:
    """Over Gloo on the CPU, through torchrun; the detector is wrapped in another way than the other networks, so both are run."""
    settings: dict[str, Any] = (
        {"batch_size": 2} if stage == "nodule_grading" else {"batch_size": 1, "patch": 48, "patches": 1, "repeats": 2, "val_interval": 1}
    )
    datalist = small_data.cubes if stage == "nodule_grading" else small_data.scans
    out = tmp_path / "out"
    told = small_bundle(stage).run(
        ["train.yaml", "multi_gpu_train.yaml"],
        tmp_path,
        processes=2,
        datalist=datalist,
        output_dir=out,
        epochs=1,
        patience=1,
        num_workers=0,
        **settings,
    )
    state = torch.load(out / "resume.pt", weights_only=True)
    steps = {"nodule_grading": 1, "nodule_detection": 2}[stage]  # 4 cubes in batches of 2, and 4 draws of scans: shared out between two
    assert (state["epoch"], state["iteration"]) == (1, steps)
    assert not any(name.startswith("module.") for name in state["network"])
    assert (out / "best.pt").is_file()
    assert told.count("Key metric:") == 1  # one process logs
