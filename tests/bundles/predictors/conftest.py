"""Small bundles whose configuration is complete on disk, as a predictor opens them, and bundles whose network follows a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from monai.bundle import ConfigParser

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.predictors import Bundle, open_bundle
from nodulescope.bundles.training.checkpoints import save_weights
from nodulescope.bundles.training.metadata import record_weights

CPU = torch.device("cpu")

LUNGS_BY_DENSITY = "$torch.nn.Sequential(torch.nn.Conv3d(1, 2, 1), torch.nn.ReLU(), torch.nn.Conv3d(2, 3, 1))"
"""Calls right lung what lies between -950 and -550 HU; with the weights of :data:`DENSITY_WEIGHTS`."""

DENSITY_WEIGHTS = {
    "0.weight": torch.tensor([1.0, 1.0]).reshape(2, 1, 1, 1, 1),
    "0.bias": torch.tensor([-50.0 / 1400, -250.0 / 1400]),
    "2.weight": torch.tensor([[0.0, 0.0], [200.0, -400.0], [0.0, 0.0]]).reshape(3, 2, 1, 1, 1),
    "2.bias": torch.tensor([2.0, 0.0, -9.0]),
}

TISSUE = "$torch.nn.Conv3d(1, 1, 1)"
"""Calls nodule what is denser than -400 HU; with the weights of :data:`TISSUE_WEIGHTS`."""

TISSUE_WEIGHTS = {"weight": torch.full((1, 1, 1, 1, 1), 20.0), "bias": torch.tensor([-20.0 * 600 / 1400])}

MakeBundle = Callable[..., Path]


@pytest.fixture
def complete_bundle(small_bundle: Callable[[str], Any]) -> MakeBundle:
    """``complete_bundle(stage, {key: value}, weights=None)``: a small bundle with its changes written into its configuration and its
    weights into its metadata.
    """

    def make(stage: str, changes: Mapping[str, Any] | None = None, weights: Mapping[str, torch.Tensor] | None = None) -> Path:
        small = small_bundle(stage)
        config = small.root / "configs" / "inference.yaml"
        parser = ConfigParser(yaml.safe_load(config.read_text()))
        parser.update({**small.overrides, **(changes or {})})
        config.write_text(yaml.safe_dump(parser.config))
        if weights is not None:
            network = parser.get_parsed_content("network_def")
            network.load_state_dict(dict(weights))
            save_weights(network, small.root / "models" / "model.pt")
        record_weights(small.root, "1.2.3", "Made for a test.")
        root: Path = small.root
        return root

    return make


@pytest.fixture
def open_small(complete_bundle: MakeBundle) -> Callable[..., Bundle]:
    """The same, opened on the CPU."""

    def make(stage: str, changes: Mapping[str, Any] | None = None, weights: Mapping[str, torch.Tensor] | None = None) -> Bundle:
        return open_bundle(complete_bundle(stage, changes, weights), stage, CPU)

    return make


@pytest.fixture
def lungs_by_density(open_small: Callable[..., Bundle]) -> Bundle:
    return open_small("lung_segmentation", {"network_def": LUNGS_BY_DENSITY}, DENSITY_WEIGHTS)


@pytest.fixture
def outline_by_density(open_small: Callable[..., Bundle]) -> Bundle:
    return open_small("nodule_segmentation", {"network_def": TISSUE}, TISSUE_WEIGHTS)


@pytest.fixture(scope="session")
def chest() -> Callable[..., CTVolume]:
    """``chest(balls=[(centre, diameter)], shape=, spacing=, orientation=, rotation=)``: a block of lung in soft tissue around (20, -30,
    40), with balls of soft tissue in it; its axes along the patient's in any order, turned by a rotation.
    """

    def make(
        balls: list[tuple[tuple[float, float, float], float]],
        extent: tuple[float, float, float] = (120.0, 110.0, 100.0),
        spacing: tuple[float, float, float] = (1.5, 1.5, 2.0),
        orientation: tuple[tuple[int, ...], tuple[int, ...]] = ((0, 1, 2), (1, 1, 1)),
        rotation: np.ndarray | None = None,
    ) -> CTVolume:
        axes, signs = orientation
        directions = np.zeros((3, 3))
        directions[list(axes), range(3)] = signs
        turned = (np.eye(3) if rotation is None else rotation) @ directions
        shape = tuple(int(extent[axis] / step) for axis, step in zip(axes, spacing, strict=True))
        affine = np.eye(4)
        affine[:3, :3] = turned * spacing
        affine[:3, 3] = np.array([20.0, -30.0, 40.0]) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
        points = np.moveaxis(np.indices(shape, dtype=np.float64), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
        local = np.abs((points - (20.0, -30.0, 40.0)) @ (np.eye(3) if rotation is None else rotation))
        hu = np.full(shape, 40.0)
        hu[(local < np.array(extent) / 2 - 10).all(axis=-1)] = -850.0
        for center, diameter in balls:
            depth = diameter / 2 - np.linalg.norm(points - np.array(center), axis=-1)
            hu += (30.0 - hu) * np.clip(depth / 1.5 + 0.5, 0, 1)
        return CTVolume(hu.astype(np.float32), affine, CTSource("phantom", path="chest.nii.gz"))

    return make
