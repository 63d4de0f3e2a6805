from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.bundle import ConfigWorkflow
from monai.data import MetaTensor

from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.nodule_grading.baseline_batches import CentralSliced, prepare_batch, with_target


def item(nodule: int, *malignancies: float | None) -> dict[str, Any]:
    return {"image": f"{nodule}{malignancies}.nii", "nodule": nodule, "ratings": [[m, *[3.0] * 7] for m in malignancies], "patient": "p"}


ITEMS = [item(0), item(1, 5, 4), item(1, 1, None), item(1, 3, 3), item(1, 2, 4), item(1)]


def test_malignancy_leaves_out_what_is_undecided_or_unrated() -> None:
    assert [(i["image"], i["target"]) for i in with_target(ITEMS, "malignant")] == [("1(5, 4).nii", 1.0), ("1(1, None).nii", 0.0)]


def test_every_cube_is_a_nodule_or_is_not() -> None:
    assert [i["target"] for i in with_target(ITEMS, "nodule")] == [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_another_question_is_refused() -> None:
    with pytest.raises(UsageError, match="choose nodule or malignant"):
        with_target(ITEMS, "benign")


def test_the_slice_is_axial_and_central() -> None:
    cube = torch.zeros(1, 64, 64, 64)
    cube[..., 32] = torch.arange(64.0)
    cut = CentralSliced("image")({"image": MetaTensor(cube)})["image"]
    assert cut.shape == (1, 64, 64)
    assert type(cut) is torch.Tensor
    assert torch.equal(cut[0], torch.arange(64.0).expand(64, 64))


def test_a_batch_as_the_engines_want_it() -> None:
    slices, target = prepare_batch({"image": torch.rand(2, 1, 64, 64), "target": torch.tensor([1.0, 0.0], dtype=torch.float64)})
    assert slices.shape == (2, 1, 64, 64)
    assert target.dtype == torch.float32
    assert target.tolist() == [[1.0], [0.0]]


def test_the_baseline_trains(small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path) -> None:
    bundle = small_bundle("nodule_grading")
    settings = {"bundle_root": str(bundle.root), "datalist": str(small_data.cubes), "output_dir": str(tmp_path / "out"), "num_workers": 0}
    workflow = ConfigWorkflow(
        bundle.config("train.yaml", "train_baseline.yaml"),
        logging_file=False,
        device="$torch.device('cpu')",
        epochs=1,
        batch_size=2,
        **settings,
    )
    workflow.initialize()
    workflow.run()
    assert workflow.trainer.state.epoch == 1
    assert 0.0 <= workflow.evaluator.state.metrics["auc"] <= 1.0
    assert (tmp_path / "out" / "best.pt").is_file()
