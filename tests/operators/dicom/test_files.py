from __future__ import annotations

import shutil

import pytest
from pydicom.fileset import FileSet

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.files import read_header, read_headers


def test_dicom_is_found_by_content_however_deep_and_whatever_its_name(make_ct, write_series, tmp_path):
    paths = write_series(make_ct(), tmp_path / "x" / "y")
    paths[0].rename(tmp_path / "IM0001")
    paths[1].rename(tmp_path / "x" / "slice.txt")
    (tmp_path / "notes.txt").write_text("no DICOM")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    headers = read_headers(tmp_path)
    assert sorted(h.InstanceNumber for h in headers) == list(range(1, 13))
    assert all("PixelData" not in h for h in headers)
    assert {str(h.filename) for h in headers} >= {str(tmp_path / "IM0001"), str(tmp_path / "x" / "slice.txt")}


def test_a_directory_record_is_left_out(make_ct, write_series, tmp_path):
    file_set = FileSet()
    for path in write_series(make_ct(), tmp_path / "plain"):
        file_set.add(path)
    file_set.write(tmp_path / "disc")
    assert (tmp_path / "disc" / "DICOMDIR").is_file()
    assert len(read_headers(tmp_path / "disc")) == 12


def test_a_file_without_preamble_is_read_when_its_name_promises_dicom(make_ct, write_series, tmp_path):
    path = write_series(make_ct(), tmp_path)[0]
    path.write_bytes(path.read_bytes()[132:])
    header = read_header(path)
    assert header is not None
    assert header.InstanceNumber == 1
    plain = shutil.copy(path, tmp_path / "plain")
    assert read_header(plain) is None


@pytest.mark.parametrize("length", [0, 100, 140, 300, 700])
def test_a_header_that_ends_early_is_damage_and_no_other_format(length, make_ct, write_series, tmp_path):
    path = write_series(make_ct(), tmp_path)[0]
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError, match="damaged DICOM file") as caught:
        read_header(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.dcm: cannot be opened"):
        read_header(tmp_path / "absent.dcm")
