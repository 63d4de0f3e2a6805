from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.predictors import Bundle, GradingPredictor, open_bundle

CPU = torch.device("cpu")
STAGE = "nodule_grading"


def test_a_bundle_tells_who_it_is(complete_bundle: Callable[..., Path]) -> None:
    root = complete_bundle(STAGE)
    bundle = open_bundle(root, STAGE, CPU)
    assert (bundle.stage, bundle.path, bundle.name, bundle.version) == (STAGE, root, "Lung nodule grading", "1.2.3")
    assert bundle.sha256 == hashlib.sha256((root / "models" / "model.pt").read_bytes()).hexdigest()
    assert bundle.component("bundle_root") == str(root)
    assert bundle.component("device") == CPU


def test_the_network_has_the_weights_and_infers(complete_bundle: Callable[..., Path]) -> None:
    root = complete_bundle(STAGE)
    network = open_bundle(root, STAGE, CPU).network()
    assert not network.training
    saved = torch.load(root / "models" / "model.pt", weights_only=True)
    assert set(network.state_dict()) == set(saved)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, saved[name].to(value.dtype), rtol=0, atol=0)


def test_changed_weights_are_not_trusted(complete_bundle: Callable[..., Path]) -> None:
    root = complete_bundle(STAGE)
    weights = root / "models" / "model.pt"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(BundleError, match=r"SHA-256 is not the one in metadata\.json") as refused:
        open_bundle(root, STAGE, CPU)
    assert refused.value.exit_code == 4
    assert str(weights) in str(refused.value)


def test_missing_weights_are_named(complete_bundle: Callable[..., Path]) -> None:
    root = complete_bundle(STAGE)
    (root / "models" / "model.pt").unlink()
    with pytest.raises(BundleError, match=r"model\.pt: there are no weights here; train the bundle \(`nodulescope train nodule_grading`\)"):
        open_bundle(root, STAGE, CPU)


@pytest.mark.parametrize("file", ["metadata.json", "inference.yaml"])
def test_half_a_bundle_is_refused(file: str, complete_bundle: Callable[..., Path]) -> None:
    root = complete_bundle(STAGE)
    (root / "configs" / file).unlink()
    with pytest.raises(BundleError, match="not a complete MONAI bundle"):
        open_bundle(root, STAGE, CPU)


@pytest.mark.parametrize("file", ["metadata.json", "inference.yaml"])
def test_a_damaged_configuration_is_told_in_one_line(file: str, complete_bundle: Callable[..., Path]) -> None:
    root = complete_bundle(STAGE)
    (root / "configs" / file).write_text('{"network_def": [')
    with pytest.raises(BundleError, match="its configuration cannot be read") as refused:
        open_bundle(root, STAGE, CPU)
    assert "\n" not in str(refused.value)


def test_weights_of_another_network_do_not_fit(complete_bundle: Callable[..., Path]) -> None:
    other = complete_bundle("nodule_segmentation")
    root = complete_bundle(STAGE)
    (root / "models" / "model.pt").write_bytes((other / "models" / "model.pt").read_bytes())
    metadata = json.loads((root / "configs" / "metadata.json").read_text())
    (root / "configs" / "metadata.json").write_text(json.dumps({**metadata, "weights": {}}))
    with pytest.raises(BundleError, match=r"model\.pt: these weights do not fit this network") as refused:
        GradingPredictor(open_bundle(root, STAGE, CPU))
    assert "\n" not in str(refused.value)


def test_a_part_that_is_missing_or_fails_is_named(open_small: Callable[..., Bundle]) -> None:
    bundle = open_small(STAGE, {"broken": "$1 / 0"})
    with pytest.raises(BundleError, match="has no 'detector', which the stage nodule_grading needs"):
        bundle.component("detector")
    with pytest.raises(BundleError, match="cannot build 'broken'") as refused:
        bundle.component("broken")
    assert "\n" not in str(refused.value)


def test_preprocessing_leaves_the_ct_as_it_is(open_small: Callable[..., Bundle]) -> None:
    hu = np.random.default_rng(0).integers(-2000, 2000, (20, 21, 22)).astype(np.float32)
    ct = CTVolume(hu.copy(), np.eye(4), CTSource("phantom"))
    image = open_small("lung_segmentation").preprocess(ct)["image"]
    assert image.shape == (1, 7, 8, 8)
    assert 0.0 <= float(image.min()) < float(image.max()) <= 1.0
    np.testing.assert_array_equal(ct.hu, hu)


def test_saving_is_no_part_of_postprocessing(lungs_by_density: Bundle) -> None:
    ct = CTVolume(np.full((30, 30, 30), -850.0, np.float32), np.eye(4), CTSource("phantom"))
    item = lungs_by_density.preprocess(ct)
    nothing = torch.zeros(item["image"].shape[1:])
    item["pred"] = torch.stack([nothing, nothing + 1.0, nothing])
    labels = lungs_by_density.postprocess(item)["pred"]
    assert labels.shape == (1, 30, 30, 30)
    assert set(labels.unique().tolist()) == {1}
    assert not (lungs_by_density.path / "eval").exists()
