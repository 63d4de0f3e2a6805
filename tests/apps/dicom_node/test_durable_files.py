from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.apps.dicom_node.durable_files import append_json_line, move, read_json, read_json_lines, write_json


def test_json_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    assert read_json(file) is None
    write_json(file, {"n": 1})
    write_json(file, {"n": 2})
    assert read_json(file) == {"n": 2}
    assert [f.name for f in tmp_path.iterdir()] == ["a.json"]


def test_a_torn_last_line_is_passed_over_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    record = tmp_path / "sent.jsonl"
    assert read_json_lines(record) == []
    append_json_line(record, {"n": 1})
    with record.open("ab") as file:
        file.write(b'{"n": 2, "x')
    assert read_json_lines(record) == [{"n": 1}]
    append_json_line(record, {"n": 3})
    assert read_json_lines(record) == [{"n": 1}, {"n": 3}]


def test_a_folder_with_something_in_it_is_not_replaced(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    with pytest.raises(OSError, match="not empty"):
        move(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b" / "file").read_text() == "b"
