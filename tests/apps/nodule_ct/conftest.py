"""A small chest with two nodules as a DICOM series, and a folder of bundles whose networks follow rules."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from monai.bundle import ConfigParser

from nodulescope.apps.nodule_ct.settings import Settings
from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.predictors import STAGES, find_bundle
from nodulescope.bundles.training.checkpoints import save_weights
from nodulescope.bundles.training.metadata import record_weights
from nodulescope.operators.dicom.ct_series import write_ct_series

NETWORKS = {
    "lung_segmentation": "LightIsLung",
    "nodule_detection": "SpotsAreNodules",
    "nodule_segmentation": "DenseIsNodule",
    "nodule_grading": "DenseIsSuspicious",
}


@pytest.fixture(scope="session")
def plain_networks() -> Iterator[Path]:
    """The folder of ``plain_networks.py``, from which it can be imported: a bundle's code may come from anywhere."""
    folder = Path(__file__).parent
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, plain_networks: Path) -> Path:
    """A folder with a bundle per stage."""
    folder = tmp_path_factory.mktemp("models")
    for stage in STAGES:
        shutil.copytree(find_bundle(stage) / "configs", folder / stage / "configs")
        config = folder / stage / "configs" / "inference.yaml"
        content = {**yaml.safe_load(config.read_text()), "amp": False, "network_def": {"_target_": f"plain_networks.{NETWORKS[stage]}"}}
        if stage == "nodule_grading":
            content["cube"] = 46  # the rule weighs the surroundings too
        config.write_text(yaml.safe_dump(content))
        save_weights(ConfigParser(content).get_parsed_content("network_def"), folder / stage / "models" / "model.pt")
        record_weights(folder / stage, "9.0.0", "Follows a rule.")
    return folder


@pytest.fixture(scope="session")
def settings(models: Path) -> Settings:
    return Settings(bundles={stage: models / stage for stage in STAGES}, device="cpu")


Balls = list[tuple[tuple[float, float, float], float]]


@pytest.fixture(scope="session")
def balls() -> Balls:
    """Centre (LPS mm) and diameter of the nodules: one in the right, one in the left lung."""
    return [((-42.0, 5.0, -108.0), 14.0), ((39.0, -7.0, -86.0), 10.0)]


@pytest.fixture(scope="session")
def chest_ct(balls: Balls) -> CTVolume:
    return _chest(balls)


def _chest(balls: Balls, faint: Balls = ()) -> CTVolume:
    """Two boxes of lung in soft tissue, 200 x 160 x 110 mm; faint nodules have -110 HU, the others 30."""
    shape, spacing = (100, 80, 44), np.array([2.0, 2.0, 2.5])
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = np.array([0.0, 0.0, -100.0]) - spacing * (np.array(shape) - 1) / 2
    points = np.moveaxis(np.indices(shape), 0, -1) * spacing + affine[:3, 3]
    x, y, z = np.moveaxis(np.abs(points - (0.0, 0.0, -100.0)), -1, 0)
    hu = np.where((x > 8) & (x < 76) & (y < 52) & (z < 40), -850.0, 40.0)
    for (center, diameter), density in [*((ball, 30.0) for ball in balls), *((ball, -110.0) for ball in faint)]:
        depth = diameter / 2 - np.linalg.norm(points - np.array(center), axis=-1)
        hu += (density - hu) * np.clip(depth / 2 + 0.5, 0, 1)
    return CTVolume(np.rint(hu).astype(np.float32), affine, CTSource("phantom"))


@pytest.fixture(scope="session")
def series(chest_ct: CTVolume, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("series")
    write_ct_series(chest_ct, folder, patient_id="P1", patient_name="Phantom^One")
    return folder


@pytest.fixture(scope="session")
def earlier_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same patient 365 days before: the right nodule is smaller, the left one is not there, and another one is."""
    folder = tmp_path_factory.mktemp("earlier")
    earlier = [((-42.0, 5.0, -108.0), 10.0), ((40.0, 20.0, -110.0), 12.0)]
    write_ct_series(_chest(earlier), folder, patient_id="P1", patient_name="Phantom^One", study_date="19990101")
    return folder


@pytest.fixture(scope="session")
def both_studies(series: Path, earlier_series: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both studies of the patient."""
    folder = tmp_path_factory.mktemp("patient")
    for name, study in (("now", series), ("before", earlier_series)):
        shutil.copytree(study, folder / name)
    return folder


@pytest.fixture(scope="session")
def fading_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A nodule of 10 mm in the right lung, and a year later: it is larger and so faint that the networks are less sure of it than the
    operating point asks for, and the left lung has a nodule that nobody can miss.
    """
    right, left = (-42.0, 5.0, -108.0), (39.0, -7.0, -86.0)
    earlier, later = _chest([(right, 10.0)]), _chest([(left, 12.0)], faint=[(right, 14.0)])
    folders = tmp_path_factory.mktemp("before"), tmp_path_factory.mktemp("after")
    for ct, folder, day in zip((earlier, later), folders, ("19990101", "20000101"), strict=True):
        write_ct_series(ct, folder, patient_id="P1", patient_name="Phantom^One", study_date=day)
    return folders
