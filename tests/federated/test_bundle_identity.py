from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.predictors import find_bundle
from nodulescope.federated.bundle_identity import bundle_sha256


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    root = tmp_path / "nodule_grading"
    shutil.copytree(find_bundle("nodule_grading"), root, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def test_a_copy_is_the_same_bundle_whatever_its_weights(copied: Path) -> None:
    (copied / "models" / "model.pt").write_bytes(b"other weights")
    (copied / "configs" / "metadata.json").write_text("{}")
    assert bundle_sha256(copied) == bundle_sha256(find_bundle("nodule_grading"))


@pytest.mark.parametrize("name", ["configs/train.yaml", "configs/logging.conf", "network.py", "configs/added.json", "added.py"])
def test_any_change_of_what_is_executed_is_another_bundle(copied: Path, name: str) -> None:
    before = bundle_sha256(copied)
    with (copied / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert bundle_sha256(copied) != before


def test_a_renamed_file_is_another_bundle(copied: Path) -> None:
    before = bundle_sha256(copied)
    (copied / "network.py").rename(copied / "net.py")
    assert bundle_sha256(copied) != before


def test_a_folder_without_configurations_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "something.py").touch()
    with pytest.raises(BundleError, match="not a MONAI bundle"):
        bundle_sha256(tmp_path)
