"""A chest of a few centimetres with its datalists, and bundles with small random networks, so that every configuration runs in seconds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from nodulescope.bundles.data.cube_datalist import CubeDatalist
from nodulescope.bundles.predictors import STAGES, find_bundle
from nodulescope.bundles.training.checkpoints import save_weights

SMALL_NETWORKS: Mapping[str, Mapping[str, Any]] = {
    "lung_segmentation": {"network_def#channels": [4, 8, 8, 8, 8]},
    "nodule_detection": {"network_def#channels": [8, 8, 16, 16], "network_def#pyramid_channels": 8},
    "nodule_segmentation": {"network_def#channels": [4, 8, 8]},
    "nodule_grading": {"network_def#channels": [4, 8, 8, 16]},
}


@dataclass(frozen=True)
class SmallData:
    """Files of the small chest.

    Attributes:
        scan: the CT, 64x56x40 voxels of 1.5x1.5x2 mm.
        scans: datalist with lungs and boxes.
        cubes: datalist of cubes with outlines and ratings.
        places: inference datalist: the nodule, and a place beside it seen at magnification 2.
        nodule_lps_mm: the nodule's centre; its diameter is 12 mm.
    """

    scan: Path
    scans: Path
    cubes: Path
    places: Path
    nodule_lps_mm: tuple[float, float, float]


@dataclass(frozen=True)
class SmallBundle:
    """A copy of a shipped bundle whose weights are random and belong to a smaller network."""

    stage: str
    root: Path

    @property
    def overrides(self) -> dict[str, Any]:
        return {**SMALL_NETWORKS[self.stage], "device": "$torch.device('cpu')"}

    def config(self, *names: str) -> list[str]:
        return [str(self.root / "configs" / name) for name in names]

    def run(self, names: Sequence[str], folder: Path, *, processes: int = 0, **settings: Any) -> str:
        """Run ``python -m monai.bundle run`` in a folder that is not the bundle's; returns what it wrote to both streams."""
        files = self.config(*names)
        arguments = ["--config_file", files[0] if len(files) == 1 else str(files)]
        # Of several processes each has its own device, which the configuration chooses.
        overrides = {k: v for k, v in self.overrides.items() if not processes or k != "device"}
        for key, value in {**overrides, **settings}.items():
            arguments += [f"--{key}", str(value)]
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"] if processes else []
        command = [sys.executable, "-W", "ignore", *launcher, "-m", "monai.bundle", "run", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout + done.stderr


@pytest.fixture(scope="session", params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Each of the four bundles."""
    return str(request.param)


@pytest.fixture
def small_bundle(tmp_path: Path) -> Callable[[str], SmallBundle]:
    """Copy a shipped bundle and give it small random weights, the same ones every time."""

    def make(stage: str) -> SmallBundle:
        root = tmp_path / "bundles" / stage
        shipped = find_bundle(stage)
        shutil.copytree(shipped / "configs", root / "configs")
        parser = ConfigParser()
        parser.read_config(str(root / "configs" / "inference.yaml"))
        parser.update(dict(SMALL_NETWORKS[stage]))
        torch.manual_seed(7)
        network = parser.get_parsed_content("network_def")
        if stage == "nodule_detection":  # an untrained detector begins by finding nothing
            torch.nn.init.zeros_(network.classification_head.cls_logits.bias)
        save_weights(network, root / "models" / "model.pt")
        return SmallBundle(stage, root)

    return make


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> SmallData:
    """A chest in the palm of a hand: two lungs in a body, a nodule of 12 mm in the left one; and cubes of such nodules."""
    folder = tmp_path_factory.mktemp("small_data")
    shape, spacing = (64, 56, 40), np.array([1.5, 1.5, 2.0])
    affine_lps = np.diag([*spacing, 1.0])
    affine_lps[:3, 3] = (-47.0, -41.0, 100.0)
    index = np.moveaxis(np.indices(shape), 0, -1)
    x, y, z = np.moveaxis(index * spacing + affine_lps[:3, 3], -1, 0)
    hu = np.where((x / 45) ** 2 + (y / 39) ** 2 < 1, 40.0, -1000.0)
    lungs = np.zeros(shape, np.uint8)
    for label, middle in ((1, -21.0), (2, 21.0)):  # the patient's left is at positive x
        lungs[((x - middle) / 16) ** 2 + (y / 28) ** 2 + ((z - 140) / 32) ** 2 < 1] = label
    hu[lungs > 0] = -850.0
    nodule = (22.0, 3.0, 142.0)
    hu[(x - nodule[0]) ** 2 + (y - nodule[1]) ** 2 + (z - nodule[2]) ** 2 < 6.0**2] = 30.0
    affine_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_lps
    nibabel.save(nibabel.Nifti1Image(hu.astype(np.int16), affine_ras), folder / "scan.nii.gz")
    nibabel.save(nibabel.Nifti1Image(lungs, affine_ras), folder / "scan_lungs.nii.gz")
    item = {
        "image": "scan.nii.gz",
        "label": "scan_lungs.nii.gz",
        "patient": "small",
        "box": [[*nodule, 12.0, 12.0, 12.0]],
        "box_class": [0],
    }
    scans = folder / "scans.json"
    scans.write_text(json.dumps({"training": [item, item], "validation": [item], "test": [item]}))
    places = folder / "places.json"
    beside = [nodule[0] - 40.0, nodule[1], nodule[2]]
    places.write_text(
        json.dumps(
            [{"image": "scan.nii.gz", "center_lps_mm": nodule}, {"image": "scan.nii.gz", "center_lps_mm": beside, "magnification": 2}]
        )
    )
    return SmallData(folder / "scan.nii.gz", scans, _write_cubes(folder / "cubes"), places, nodule)


def _write_cubes(folder: Path) -> Path:
    cubes = CubeDatalist(folder, validation_fold=-1)
    rng = np.random.default_rng(0)
    offset = np.moveaxis(np.indices((64, 64, 64)), 0, -1) - 31.5
    distance = np.sqrt((offset**2).sum(-1))
    for number in range(8):
        hu = rng.normal(-850, 30, (64, 64, 64))
        outline = None
        ratings: list[list[float]] = []
        if number % 2:
            outline = distance < 4 + number
            hu[outline] = 20.0
            malignancy = float(2 if number < 4 else 5)
            ratings = [[malignancy, 4, 4, 5, 1, 1, 5, 6], [malignancy, 5, 4, float("nan"), 1, 1, 5, 6]]
        cubes.add(f"cube_{number}", f"patient_{number}", hu, outline=outline, ratings=ratings, held_out=number in (0, 1, 6, 7))
    return cubes.write()
