from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch
from ignite.engine import Engine, Events
from torch import nn

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.training.checkpoints import (
    BundleCheckpointLoader,
    SaveBestWeights,
    StartFrom,
    load_weights,
    reason_of,
    save_weights,
)


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv3d(1, 3, 3), nn.BatchNorm3d(3), nn.Conv3d(3, 2, 1))


def test_weights_are_half_as_large_and_come_back(tmp_path: Path) -> None:
    saved = network()
    saved[1].running_var.fill_(1e6)  # beyond half precision
    sha256 = save_weights(saved, tmp_path / "models" / "model.pt")
    file = tmp_path / "models" / "model.pt"
    assert sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert [p.name for p in file.parent.iterdir()] == ["model.pt"]
    stored = torch.load(file, weights_only=True)
    assert stored["0.weight"].dtype == torch.float16
    assert stored["1.running_var"].dtype == torch.float32
    loaded = network(seed=1)
    load_weights(loaded, file)
    for name, value in saved.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value, atol=1e-3, rtol=1e-3)
    assert float(loaded.state_dict()["1.running_var"][0]) == 1e6


@pytest.mark.parametrize("key", ["model", "network"])
def test_state_dicts_inside_checkpoints_are_found(tmp_path: Path, key: str) -> None:
    saved, loaded = network(), network(seed=1)
    torch.save({key: saved.state_dict(), "epoch": 3}, tmp_path / "checkpoint.pt")
    load_weights(loaded, tmp_path / "checkpoint.pt")
    assert torch.equal(loaded[0].weight, saved[0].weight)


def test_loading_is_strict(tmp_path: Path) -> None:
    state = network().state_dict()
    for wrong in (
        {**state, "more": torch.zeros(1)},
        {k: v for k, v in state.items() if k != "2.bias"},
        {**state, "2.bias": torch.zeros(5)},
    ):
        torch.save(wrong, tmp_path / "wrong.pt")
        with pytest.raises(BundleError, match=r"wrong\.pt: these weights do not fit this network"):
            load_weights(network(), tmp_path / "wrong.pt")


def test_the_reason_is_short_and_says_what_is_wrong(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "linear.pt")
    with pytest.raises(BundleError) as refused:
        load_weights(network(), tmp_path / "linear.pt")
    assert 'Missing key(s) in state_dict: "0.weight"' in str(refused.value)
    assert reason_of(RuntimeError("Error(s) in loading:\n\tMissing " + "layer " * 100)).endswith("layer ...")
    assert len(reason_of(RuntimeError("word " * 100))) <= 120
    assert reason_of(KeyError("optimizer")) == "it has no 'optimizer'"
    assert reason_of(ValueError()) == "ValueError"


def test_missing_damaged_and_dangerous_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there are no weights here"):
        load_weights(network(), tmp_path / "none.pt")
    (tmp_path / "damaged.pt").write_bytes(b"PK\x03\x04 damaged")
    with pytest.raises(BundleError, match=r"damaged\.pt"):
        load_weights(network(), tmp_path / "damaged.pt")
    torch.save({"weights": Path("code")}, tmp_path / "code.pt")  # an object, which only unpickling code could restore
    with pytest.raises(BundleError, match=r"code\.pt"):
        load_weights(network(), tmp_path / "code.pt")


def test_a_loader_of_checkpoints_names_the_file_in_one_line(tmp_path: Path) -> None:
    save_weights(network(seed=1), tmp_path / "fits.pt")
    trained = network()
    evaluator = Engine(lambda *_: None)
    BundleCheckpointLoader(str(tmp_path / "fits.pt"), {"model": trained}).attach(evaluator)
    evaluator.run([0], max_epochs=1)
    assert torch.equal(trained[0].weight, network(seed=1)[0].weight.half().float())

    other = Engine(lambda *_: None)
    save_weights(nn.Linear(2, 2), tmp_path / "linear.pt")
    BundleCheckpointLoader(str(tmp_path / "linear.pt"), {"model": trained}).attach(other)
    with pytest.raises(BundleError, match=r"linear\.pt: these weights do not fit this network") as refused:
        other.run([0], max_epochs=1)
    assert "\n" not in str(refused.value)
    assert "CheckpointLoader" in BundleCheckpointLoader.__name__  # by which MONAI's federated client knows it


def test_starting_from_given_weights(tmp_path: Path) -> None:
    given, trained = network(), network(seed=1)
    save_weights(given, tmp_path / "given.pt")
    for path, expected in (("", trained[0].weight.clone()), (str(tmp_path / "given.pt"), given[0].weight.half().float())):
        engine = Engine(lambda *_: None)
        StartFrom(path, trained).attach(engine)
        engine.run([0], max_epochs=1)
        assert torch.equal(trained[0].weight, expected)


def test_only_the_best_weights_are_kept(tmp_path: Path) -> None:
    trained = network()
    evaluator: Any = Engine(lambda *_: None)
    SaveBestWeights(str(tmp_path / "best.pt"), trained).attach(evaluator)
    for value, best in ((1.0, True), (2.0, False), (3.0, True), (4.0, False)):
        nn.init.constant_(trained[2].bias, value)

        @evaluator.on(Events.EPOCH_COMPLETED)
        def judge(engine: Any, best: bool = best) -> None:
            engine.state.best_metric_epoch = engine.state.epoch if best else -1

        evaluator.run([0], max_epochs=1)
        kept = torch.load(tmp_path / "best.pt", weights_only=True)["2.bias"]
        assert float(kept[0]) == (value if best else value - 1.0)
