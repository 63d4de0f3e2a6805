from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodulescope.apps.cli.main import run
from nodulescope.apps.nodule_ct.packaging.lock import read_lock


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "map"
    assert run(["--quiet", "package", "-o", str(folder)]) == 0
    return folder


def test_a_context_is_written_and_verified(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["package", "--verify", str(written)]) == 0
    assert capsys.readouterr().out == f"{written}: whole and unchanged\n"


def test_a_spoiled_context_ends_with_3(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "foreign.txt").touch()
    try:
        assert run(["package", "--verify", str(written), "--json"]) == 3
    finally:
        (written / "foreign.txt").unlink()
    out, err = capsys.readouterr()
    assert json.loads(out) == {"context": str(written), "problems": ["foreign.txt: does not belong to the context; remove it"]}
    assert err == f"nodulescope: {written}: foreign.txt: does not belong to the context; remove it\n"


def test_a_missing_wheel_ends_with_3_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["package", "-o", str(tmp_path / "map"), "--wheelhouse", str(tmp_path)]) == 3
    assert f"of {read_lock('cpu')[0].name}==" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ([], "say where the context is written with -o DIR"),
        (["--verify", "map", "--build"], "--verify checks a context that is there; --build belongs to writing one"),
        (["-o", "map", "--accelerator", "tpu"], "tpu: no such accelerator; choose one of cpu, cuda"),
        (["-o", "map", "--bundle", "brain=x"], "there is no stage 'brain'"),
    ],
)
def test_what_cannot_be_asked_for_ends_with_2(
    arguments: list[str], rule: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["package", *arguments]) == 2
    assert rule in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
