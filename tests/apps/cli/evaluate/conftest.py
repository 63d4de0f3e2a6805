"""Cubes of a few patients in two folds, and bundles with small random networks, so that an evaluation takes a second."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from nodulescope.bundles.data.cube_datalist import CubeDatalist
from nodulescope.bundles.predictors import find_bundle
from nodulescope.bundles.training.checkpoints import save_weights
from nodulescope.bundles.training.metadata import record_weights

SMALL_CHANNELS = {"nodule_grading": [4, 4, 8, 8], "nodule_segmentation": [4, 8, 8], "lung_segmentation": [4, 8, 8, 8, 8]}


@pytest.fixture(scope="session")
def folds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two datalists: the six nodules and two empty places of the one validate, those of the other train, and the other way round."""
    folder = tmp_path_factory.mktemp("cubes")
    datalists = []
    for fold in range(2):
        cubes = CubeDatalist(folder, validation_fold=-1)
        rng = np.random.default_rng(0)
        for number in range(16):
            held_out = number % 2 == fold
            hu = rng.normal(-850, 30, (64, 64, 64))
            if number < 12:
                half = 2 + number // 4
                outline = np.zeros(hu.shape, bool)
                outline[(slice(32 - half, 32 + half),) * 3] = True
                hu[outline] = 50.0
                readers = [[float(1 + (number // 2 + reader % 2) % 5), *[3.0] * 7] for reader in range(3)]
                own = [outline, np.roll(outline, 1, 0), outline]
                cubes.add(f"n{number}", f"p{number}", hu, outline=outline, ratings=readers, readers=own, held_out=held_out)
            else:
                cubes.add(f"e{number}", f"p{number}", hu, held_out=held_out)
        datalists.append(cubes.write().rename(folder / f"fold{fold}.json"))
    return datalists[0], datalists[1]


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[[str], Path]:
    """Copy a shipped bundle; its network becomes small, its weights random."""

    def make(stage: str) -> Path:
        root = tmp_path / "bundles" / stage
        for folder in ("configs", "docs"):
            shutil.copytree(find_bundle(stage) / folder, root / folder)
        config = root / "configs" / "inference.yaml"
        text = ConfigParser.load_config_file(str(config))
        text["network_def"]["channels"] = SMALL_CHANNELS[stage]
        ConfigParser.export_config_file(text, str(config), fmt="yaml")
        parser = ConfigParser(text)
        torch.manual_seed(3)
        save_weights(parser.get_parsed_content("network_def"), root / "models" / "model.pt")
        record_weights(root, "9.9.9", "Small.")
        return root

    return make
