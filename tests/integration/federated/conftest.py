"""Three small hospitals: a handful of cubes or scans each, and bundles with small networks, so that a round takes a second."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
import yaml

from nodulescope.bundles.data.cube_datalist import CubeDatalist
from nodulescope.bundles.predictors import find_bundle
from nodulescope.bundles.training.checkpoints import save_weights
from nodulescope.bundles.training.metadata import record_weights
from nodulescope.federated.sites.preflight import build_network

SITES = ("north", "south", "west")
NODULE_LPS_MM = (22.0, 3.0, 142.0)

SMALLER = {
    "nodule_grading": ("channels: [16, 32, 64, 128]", "channels: [4, 8, 8, 16]"),
    "lung_segmentation": ("channels: [16, 32, 64, 128, 128]", "channels: [4, 8, 8, 8, 8]"),
    "nodule_segmentation": ("channels: [16, 32, 64]", "channels: [4, 8, 8]"),
    "nodule_detection": ("num_anchors: 2", "num_anchors: 2\n  channels: [8, 8, 16, 16]\n  pyramid_channels: 8"),
}
"""What of a configuration is changed into what, to make its network small."""


@dataclass(frozen=True)
class Hospitals:
    """A site file, and the bundle that the sites train.

    Attributes:
        site_file: names three sites with their data.
        bundle: folder of the bundle.
    """

    site_file: Path
    bundle: Path


@pytest.fixture(scope="session")
def small_copy(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Copy a shipped bundle, make its network small, and give it random weights."""

    def make(stage: str) -> Path:
        root = tmp_path_factory.mktemp("bundle") / stage
        shutil.copytree(find_bundle(stage), root, ignore=shutil.ignore_patterns("__pycache__", "models"))
        large, small = SMALLER[stage]
        for name in ("train.yaml", "inference.yaml"):
            file = root / "configs" / name
            text = file.read_text(encoding="utf-8")
            assert large in text
            file.write_text(text.replace(large, small), encoding="utf-8")
        torch.manual_seed(7)
        network = build_network(root, ["train.yaml"])
        save_weights(network, root / "models" / "model.pt")
        record_weights(root, "0.2.0", "Small random weights.")
        return root

    return make


@pytest.fixture(scope="session")
def grading_hospitals(tmp_path_factory: pytest.TempPathFactory, small_copy: Callable[[str], Path]) -> Hospitals:
    """Sites with 4, 6 and 8 cubes to train on and 4 each to validate on."""
    folder = tmp_path_factory.mktemp("grading")
    datalists = {site: _write_cubes(folder / site, 8 + 2 * number, seed=number) for number, site in enumerate(SITES)}
    return Hospitals(_site_file(folder, datalists), small_copy("nodule_grading"))


@pytest.fixture(scope="session")
def detection_hospitals(tmp_path_factory: pytest.TempPathFactory, small_copy: Callable[[str], Path]) -> Hospitals:
    """Sites with one small chest each, to train on as often as the site has a number, and to validate on."""
    folder = tmp_path_factory.mktemp("detection")
    datalists = {site: _write_chest(folder / site, number + 1) for number, site in enumerate(SITES)}
    return Hospitals(_site_file(folder, datalists), small_copy("nodule_detection"))


def _site_file(folder: Path, datalists: dict[str, Path]) -> Path:
    file = folder / "sites.yaml"
    entries = {site: {"datalist": str(path.relative_to(folder)), "device": "cpu"} for site, path in datalists.items()}
    file.write_text(yaml.safe_dump({"sites": entries}), encoding="utf-8")
    return file


def _write_cubes(folder: Path, count: int, seed: int) -> Path:
    cubes = CubeDatalist(folder, validation_fold=-1)
    rng = np.random.default_rng(seed)
    offset = np.moveaxis(np.indices((64, 64, 64)), 0, -1) - 31.5
    distance = np.sqrt((offset**2).sum(-1))
    for number in range(count):
        hu = rng.normal(-850, 30, (64, 64, 64))
        outline = None
        ratings: list[list[float]] = []
        if number % 2:
            outline = distance < 4 + number % 5
            hu[outline] = 20.0
            malignancy = float(2 if number % 4 == 1 else 5)
            ratings = [[malignancy, 4, 4, 5, 1, 1, 5, 6], [malignancy, 5, 4, float("nan"), 1, 1, 5, 6]]
        cubes.add(f"cube_{number}", f"patient_{seed}_{number}", hu, outline=outline, ratings=ratings, held_out=number < 4)
    return cubes.write()


def _write_chest(folder: Path, repeats: int) -> Path:
    """Two lungs in a body with a nodule of 12 mm in the left one, 64x56x40 voxels of 1.5x1.5x2 mm."""
    folder.mkdir(parents=True)
    shape, spacing = (64, 56, 40), np.array([1.5, 1.5, 2.0])
    affine_lps = np.diag([*spacing, 1.0])
    affine_lps[:3, 3] = (-47.0, -41.0, 100.0)
    x, y, z = np.moveaxis(np.moveaxis(np.indices(shape), 0, -1) * spacing + affine_lps[:3, 3], -1, 0)
    hu = np.where((x / 45) ** 2 + (y / 39) ** 2 < 1, 40.0, -1000.0)
    lungs = np.zeros(shape, np.uint8)
    for label, middle in ((1, -21.0), (2, 21.0)):
        lungs[((x - middle) / 16) ** 2 + (y / 28) ** 2 + ((z - 140) / 32) ** 2 < 1] = label
    hu[lungs > 0] = -850.0
    at = NODULE_LPS_MM
    hu[(x - at[0]) ** 2 + (y - at[1]) ** 2 + (z - at[2]) ** 2 < 6.0**2] = 30.0
    affine_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_lps
    nibabel.save(nibabel.Nifti1Image(hu.astype(np.int16), affine_ras), folder / "scan.nii.gz")
    nibabel.save(nibabel.Nifti1Image(lungs, affine_ras), folder / "lungs.nii.gz")
    item = {"image": "scan.nii.gz", "label": "lungs.nii.gz", "patient": folder.name, "box": [[*at, 12.0, 12.0, 12.0]], "box_class": [0]}
    datalist = folder / "scans.json"
    datalist.write_text(json.dumps({"training": [item] * repeats, "validation": [item]}), encoding="utf-8")
    return datalist
