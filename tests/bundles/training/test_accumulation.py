"""Gradient accumulation is MONAI's own; these tests hold what the configurations promise of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from monai.bundle import ConfigParser
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedTrainer
from torch import nn


def weights_after(batch: int, accumulate: int, epochs: int = 2) -> torch.Tensor:
    torch.manual_seed(0)
    network = nn.Linear(3, 1)
    data = [{"image": torch.rand(3), "label": torch.rand(1)} for _ in range(12)]
    SupervisedTrainer(
        device="cpu",
        max_epochs=epochs,
        train_data_loader=DataLoader(Dataset(data), batch_size=batch),
        network=network,
        optimizer=torch.optim.AdamW(network.parameters(), lr=0.1),
        loss_function=nn.MSELoss(),
        accumulation_steps=accumulate,
    ).run()
    return network.weight.detach()


@pytest.mark.parametrize(("batch", "accumulate"), [(2, 3), (3, 2), (1, 6)])
def test_small_batches_make_the_steps_of_a_large_one(batch: int, accumulate: int) -> None:
    torch.testing.assert_close(weights_after(batch, accumulate), weights_after(6, 1))
    assert not torch.allclose(weights_after(batch, 1), weights_after(6, 1), atol=1e-3)


def test_what_is_left_at_the_end_of_an_epoch_is_not_lost() -> None:
    assert not torch.allclose(weights_after(4, 2, epochs=1), weights_after(4, 3, epochs=1), atol=1e-3)  # steps of 8 and 4, or of 12


def test_every_configuration_passes_the_setting_on(stage: str, small_bundle: Callable[[str], Any], small_data: Any) -> None:
    bundle = small_bundle(stage)
    parser = ConfigParser()
    parser.read_config(bundle.config("train.yaml"))
    cubes = stage in ("nodule_segmentation", "nodule_grading")
    common = {"bundle_root": str(bundle.root), "datalist": str(small_data.cubes if cubes else small_data.scans), "output_dir": "unused"}
    parser.update({**bundle.overrides, **common, "accumulate": 3, "batch_size": 1, "cache_rate": 0, "train#handlers": []})
    assert parser.get_parsed_content("train#trainer").accumulation_steps == 3
