from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nodulescope.apps.cli.main import run
from nodulescope.bundles.data.cube_datalist import CubeDatalist


@pytest.fixture
def datalist(tmp_path: Path) -> Path:
    cubes = CubeDatalist(tmp_path / "cubes", validation_fold=-1)
    inside = np.linalg.norm(np.moveaxis(np.indices((32, 32, 32)), 0, -1) - 15.5, axis=-1) < 5.0
    cubes.add("p1__a", "p1", np.where(inside, 20.0, -850.0), outline=inside, ratings=[[3.0] * 8])
    return cubes.write()


def test_pages_are_written_and_named(datalist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "review"
    assert run(["data", "review", str(datalist), "-o", str(out)]) == 0
    said, progress = capsys.readouterr()
    assert said == f"1 annotation: {out / 'index.html'}\n"
    assert "[1/1] Drawing annotations" in progress
    assert (out / "pages" / "00001.html").is_file()


def test_what_breaks_no_rule_can_be_left_out(datalist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "review"
    assert run(["data", "review", str(datalist), "-o", str(out), "--only-violations", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert (out / "index.html").is_file() and not list((out / "pages").iterdir())


def test_a_folder_of_something_else_is_refused(datalist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "review", str(datalist), "-o", str(tmp_path), "-q"]) == 2
    assert "holds something else than a review" in capsys.readouterr().err


def test_a_missing_datalist_ends_with_3_and_leaves_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "review", str(tmp_path / "none.json"), "-o", str(tmp_path / "review")]) == 3
    assert "there is no such datalist" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
