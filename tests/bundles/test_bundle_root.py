from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.bundles.bundle_root import bundle_root_of_run

PACKAGE = "/installed/nodulescope/bundles/lung_segmentation/__init__.py"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config_file", "/copy/configs/train.yaml"],
        ["--config_file=/copy/configs/train.yaml"],
        ["run", "--epochs", "2", "--config-file", "['/copy/configs/train.yaml','/copy/configs/smoke.yaml']"],
        ["--config_file", "/copy/configs/train.yaml,/copy/configs/smoke.yaml"],
    ],
)
def test_the_configuration_on_the_command_line_decides(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["monai.bundle", *arguments])
    assert bundle_root_of_run(PACKAGE) == "/copy"


@pytest.mark.parametrize("where", [".", "configs"])
def test_relative_paths_from_any_folder(where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path / where)
    monkeypatch.setattr("sys.argv", ["monai.bundle", "--config_file", "configs/train.yaml" if where == "." else "train.yaml"])
    assert bundle_root_of_run(PACKAGE) == str(tmp_path)


@pytest.mark.parametrize("arguments", [[], ["--datalist", "/copy/configs/list.json"], ["--config_file", "/elsewhere/train.yaml"]])
def test_else_it_is_the_installed_bundle(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["monai.bundle", *arguments])
    assert bundle_root_of_run(PACKAGE) == "/installed/nodulescope/bundles/lung_segmentation"
