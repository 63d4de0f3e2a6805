from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.operators.reading import read_ct, zipped_dicom


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A temporary directory of the test's own, so that what is left behind is seen."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def series(make_ct, write_series, tmp_path):
    return write_series(make_ct(), tmp_path / "series")


def pack(path: Path, members: dict[str, bytes], compression=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def refusal(path) -> str:
    with pytest.raises(InputError) as caught:
        read_ct(path)
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert "\n" not in message
    return message


def test_a_zipped_series_is_read_and_nothing_is_left(series, make_ct, temporary, tmp_path):
    members = {f"study/{n // 5}/IM{n}": path.read_bytes() for n, path in enumerate(series)}
    archive = pack(tmp_path / "study.zip", members | {"study/README.txt": b"hello", "study/empty/": b""})
    ct = read_ct(archive)
    np.testing.assert_array_equal(ct.hu, make_ct().hu)
    assert ct.source.path == str(archive)
    assert ct.source.instances[0].filename == f"{archive}/study/0/IM0"
    assert list(temporary.iterdir()) == []


def test_the_ending_plays_no_part(series, tmp_path):
    archive = pack(tmp_path / "download", {path.name: path.read_bytes() for path in series})
    assert read_ct(archive).shape == (10, 11, 12)


@pytest.mark.parametrize("name", ["../outside.dcm", "a/../../outside.dcm", "/tmp/outside.dcm", "..\\outside.dcm", "C:\\outside.dcm"])
def test_nothing_is_written_outside(name, series, temporary, tmp_path):
    archive = pack(tmp_path / "study.zip", {name: series[0].read_bytes()})
    assert "names a file outside itself" in refusal(archive)
    assert list(temporary.iterdir()) == []
    assert not list(tmp_path.rglob("outside*"))


def test_a_bomb_is_stopped_by_what_it_unpacks_to(series, temporary, tmp_path, monkeypatch):
    archive = pack(tmp_path / "study.zip", {"zeros": bytes(3 << 20), series[0].name: series[0].read_bytes()})
    assert archive.stat().st_size < 100_000
    monkeypatch.setattr(zipped_dicom, "MAXIMUM_UNPACKED_BYTES", 2 << 20)
    assert "unpacks to more than" in refusal(archive)
    assert list(temporary.iterdir()) == []


def test_too_many_files_are_refused(series, tmp_path, monkeypatch):
    archive = pack(tmp_path / "study.zip", {path.name: path.read_bytes() for path in series})
    monkeypatch.setattr(zipped_dicom, "MAXIMUM_FILES", 11)
    assert "holds more than 11 files" in refusal(archive)


def test_a_damaged_archive_is_refused(series, tmp_path):
    archive = pack(tmp_path / "study.zip", {path.name: path.read_bytes() for path in series}, zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    content[1500] ^= 0xFF
    archive.write_bytes(content)
    assert "damaged, encrypted or larger" in refusal(archive)


def test_messages_name_the_archive_and_not_the_temporary_folder(series, temporary, tmp_path):
    members = {path.name: path.read_bytes() for path in series}
    members["ct-0005.dcm"] = members["ct-0005.dcm"][:-50]
    message = refusal(pack(tmp_path / "study.zip", members))
    assert message.startswith(f"{tmp_path / 'study.zip'}/ct-0005.dcm: ")
    assert str(temporary) not in message
    assert "holds no DICOM file" in refusal(pack(tmp_path / "texts.zip", {"a.txt": b"no"}))
