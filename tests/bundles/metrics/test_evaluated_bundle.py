from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.bundle import ConfigParser

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.metrics.evaluated_bundle import open_evaluated
from nodulescope.bundles.training.checkpoints import save_weights

STAGE = "nodule_grading"


@pytest.fixture
def root(small_bundle: Callable[[str], Any]) -> Path:
    """A bundle with a small network, its configuration changed to fit."""
    bundle = small_bundle(STAGE)
    config = bundle.root / "configs" / "inference.yaml"
    parser = ConfigParser()
    parser.read_config(str(config))
    parser.update({"network_def#channels": [4, 8, 8, 16]})
    ConfigParser.export_config_file(parser.get(), str(config), fmt="yaml")
    metadata = bundle.root / "configs" / "metadata.json"
    text = ConfigParser.load_config_file(str(metadata))
    text["weights"]["models/model.pt"]["sha256"] = hashlib.sha256((bundle.root / "models" / "model.pt").read_bytes()).hexdigest()
    ConfigParser.export_config_file(text, str(metadata), fmt="json")
    return Path(bundle.root)


def test_other_weights_take_the_place_of_the_bundles_own(root: Path, tmp_path: Path) -> None:
    own = open_evaluated(STAGE, root, device="cpu")
    network = own.network()
    before = network.heads.bias.detach().clone()
    torch.nn.init.constant_(network.heads.bias, 0.5)
    sha256 = save_weights(network, tmp_path / "other.pt")
    other = open_evaluated(STAGE, root, tmp_path / "other.pt", "cpu")
    assert other.network().heads.bias.tolist() == [0.5] * 10
    assert not other.network().training
    assert (other.sha256, other.name, other.stage) == (sha256, own.name, STAGE)
    assert other.sha256 != own.sha256
    torch.testing.assert_close(open_evaluated(STAGE, root, device="cpu").network().heads.bias, before)


def test_weights_of_another_network_and_missing_ones_are_named(root: Path, tmp_path: Path) -> None:
    torch.save({"layer.weight": torch.zeros(2)}, tmp_path / "foreign.pt")
    for name, message in (("foreign.pt", "do not fit"), ("none.pt", "there are no weights")):
        with pytest.raises(BundleError, match=rf"{name}: .*{message}"):
            open_evaluated(STAGE, root, tmp_path / name, "cpu").network()
