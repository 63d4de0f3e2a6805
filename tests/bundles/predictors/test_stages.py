from __future__ import annotations

from pathlib import Path

import pytest

import nodulescope.bundles.nodule_grading
from nodulescope.bundles.errors import BundleError, UsageError
from nodulescope.bundles.predictors import STAGES, find_bundle


@pytest.mark.parametrize("stage", STAGES)
def test_a_bundle_ships_for_every_stage(stage: str) -> None:
    found = find_bundle(stage)
    assert found.name == stage
    assert (found / "configs" / "inference.yaml").is_file()


def test_what_a_person_names_goes_first(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    assert find_bundle("nodule_grading", tmp_path) == tmp_path


def test_a_folder_without_configs_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not a MONAI bundle") as refused:
        find_bundle("nodule_grading", tmp_path)
    assert refused.value.exit_code == 4


@pytest.mark.parametrize("override", [None, Path("anywhere")])
def test_an_unknown_stage_is_a_usage_error_that_tells_the_known_ones(override: Path | None) -> None:
    with pytest.raises(UsageError, match=r"^liver: no such stage; there are lung_segmentation, .*nodule_grading$") as refused:
        find_bundle("liver", override)
    assert refused.value.exit_code == 2


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where packages are installed whose entry points are found."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(folder: Path, package: str, value: str) -> None:
    information = folder / f"{package}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[nodulescope.bundles]\nnodule_grading = {value}\n")


def test_an_installed_package_replaces_the_shipped_bundle(installed: Path) -> None:
    (installed / "better_grading" / "bundle").mkdir(parents=True)
    (installed / "better_grading" / "__init__.py").touch()
    (installed / "better_grading" / "bundle" / "__init__.py").touch()
    install(installed, "better_grading", "better_grading.bundle")
    assert find_bundle("nodule_grading") == installed / "better_grading" / "bundle"
    assert find_bundle("nodule_detection").parent == Path(nodulescope.bundles.nodule_grading.__file__).parents[1]


@pytest.mark.parametrize("value", ["absent_package", "absent_package.bundle", "broken_package.bundle"])
def test_an_entry_point_into_nothing_is_a_bundle_error(value: str, installed: Path) -> None:
    (installed / "broken_package").mkdir()
    (installed / "broken_package" / "__init__.py").write_text("import absent_dependency\n")
    install(installed, "promising", value)
    with pytest.raises(BundleError, match=f"^{value}: the package that offers the bundle for nodule_grading cannot be imported$"):
        find_bundle("nodule_grading")
