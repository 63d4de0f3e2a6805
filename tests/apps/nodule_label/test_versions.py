from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nodulescope.apps.nodule_label.comparison import Comparison
from nodulescope.apps.nodule_label.versions import Versions
from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.predictors import find_bundle

BETTER = Comparison("dice", 0, 0.7, 0.8, 3, 1, 5)
STAGE = "nodule_segmentation"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return Path(shutil.copyfile(find_bundle(STAGE) / "models" / "model.pt", tmp_path / "best.pt"))


def test_the_shipped_bundle_is_version_0(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    assert versions.served(STAGE).number == 0
    assert versions.served(STAGE).folder == find_bundle(STAGE)
    assert [version.number for version in versions.all(STAGE)] == [0]


def test_a_new_version_is_a_whole_bundle_that_vouches_for_its_weights(tmp_path: Path, weights: Path) -> None:
    weights.write_bytes(weights.read_bytes())
    versions = Versions(tmp_path / "versions")
    version = versions.add(STAGE, weights, BETTER)
    assert (version.number, version.comparison) == (1, BETTER)
    assert versions.served(STAGE).number == 0  # not before someone says so
    metadata = json.loads((version.folder / "configs" / "metadata.json").read_text())
    assert metadata["version"].endswith("+label.1")
    assert "dice 0.8000 beside 0.7000 of version 0" in next(iter(metadata["changelog"].values()))
    assert (version.folder / "configs" / "train.yaml").is_file()
    assert not list(version.folder.rglob("*.py"))


def test_versions_are_served_and_rolled_back(tmp_path: Path, weights: Path) -> None:
    versions = Versions(tmp_path / "versions")
    for number in (1, 2):
        versions.add(STAGE, weights, BETTER)
        versions.serve(STAGE, number)
    versions.serve(STAGE, 2)  # once more changes nothing
    assert [versions.roll_back(STAGE).number for _ in range(2)] == [1, 0]
    with pytest.raises(UsageError, match="nothing to go back to"):
        versions.roll_back(STAGE)
    assert [version.number for version in versions.all(STAGE)] == [0, 1, 2]  # all are kept


def test_what_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no version 7"):
        Versions(tmp_path).serve(STAGE, 7)
    with pytest.raises(UsageError, match="liver: no such stage"):
        Versions(tmp_path).served("liver")


@pytest.mark.parametrize(("trained", "holds"), [(0.7, True), (0.71, True), (0.69, False)])
def test_only_weights_that_are_no_worse_hold_up(trained: float, holds: bool) -> None:
    assert Comparison("cpm", 0, 0.7, trained, 1, 1, 1).holds_up is holds
