from __future__ import annotations

import pytest

from nodulescope.operators.examination.whole_file import whole_file


def test_the_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "result.json"
    with whole_file(path) as beside:
        beside.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_after_an_error_the_old_file_stays_and_nothing_else(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")

    def write_half() -> None:
        with whole_file(path) as beside:
            beside.write_text("half")
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
