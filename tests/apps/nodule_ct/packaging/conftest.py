"""One build context, written as ``nodulescope package`` writes it, and wheels that are as small as wheels can be."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from nodulescope.apps.nodule_ct.packaging.context import ContextOptions, write_context
from nodulescope.apps.nodule_ct.packaging.project_wheel import build_project_wheel


@pytest.fixture(scope="session")
def project_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_project_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def context(project_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A context for a build that downloads its packages. Not to be changed."""
    folder = tmp_path_factory.mktemp("written") / "context"
    write_context(folder, ContextOptions(wheel=project_wheel))
    return folder


@pytest.fixture
def own_context(context: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it, for a test that changes it."""
    return Path(shutil.copytree(context, tmp_path / "context"))


@pytest.fixture(scope="session")
def make_wheel() -> Callable[..., Path]:
    """``make_wheel(folder, "name-1.0-py3-none-any.whl", content="")``: a file that is a wheel by its name."""

    def make(folder: Path, name: str, content: str = "") -> Path:
        with ZipFile(folder / name, "w") as archive:
            archive.writestr("content.txt", content)
        return folder / name

    return make
