from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodulescope.bundles.data.datalist import EVERY_PART, read_datalist, read_parts
from nodulescope.bundles.errors import InputError


def write(folder: Path, content: Any) -> Path:
    for name in ("a.nii", "b.nii"):
        (folder / name).touch()
    path = folder / "list.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_files_are_found_beside_the_list_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        tmp_path, {"training": [{"image": "a.nii", "label": str(tmp_path / "b.nii"), "box": [[1, 2, 3, 4, 5, 6]]}], "test": ["b.nii"]}
    )
    monkeypatch.chdir("/")
    assert read_datalist(path, "training") == [
        {"image": str(tmp_path / "a.nii"), "label": str(tmp_path / "b.nii"), "box": [[1, 2, 3, 4, 5, 6]]}
    ]
    assert read_datalist(path, "test") == [{"image": str(tmp_path / "b.nii")}]
    monkeypatch.chdir(tmp_path)
    assert read_datalist("list.json", "test") == [{"image": str(tmp_path / "b.nii")}]


def test_a_plain_list_is_every_part(tmp_path: Path) -> None:
    path = write(tmp_path, [{"image": "a.nii"}])
    assert read_datalist(path, "test") == read_datalist(path, "training") == [{"image": str(tmp_path / "a.nii")}]


def test_files_that_are_not_asked_for_need_not_exist(tmp_path: Path) -> None:
    path = write(tmp_path, {"training": [{"image": "a.nii", "label": "gone.nii"}]})
    assert read_datalist(path, "training", file_keys=["image"])[0]["label"] == "gone.nii"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ({"validation": []}, "has no part named 'training'; it holds validation"),
        ({"training": [{"image": "a.nii", "label": "gone.nii"}]}, r"names .*gone\.nii, which does not exist"),
    ],
)
def test_errors_name_file_and_rule_in_one_line(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_datalist(write(tmp_path, content), "training")
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_missing_list_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nodulescope phantom --datalist"):
        read_datalist(tmp_path / "none.json", "training")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('"words"', "no datalist; it must hold lists of items"),
        ({"training": [3]}, "item 1 of training must be an object with an image, or a file name, not 3"),
        ({"training": [{"image": ["a.nii", "b.nii"]}]}, "item 1 of training must name one file under 'image'"),
        ({"training": "a.nii"}, "has no part named 'training'; it holds none"),
    ],
)
def test_what_is_no_datalist_is_told_in_one_line(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_datalist(write(tmp_path, content), "training")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a text file"):
        read_datalist(path, "training")


def test_all_parts_are_read_and_what_is_no_part_is_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, {"name": "x", "labels": {"0": "none"}, "numTraining": 1, "training": [{"image": "a.nii"}], "test": ["b.nii"]})
    assert read_parts(path) == {"training": [{"image": "a.nii"}], "test": [{"image": "b.nii"}]}
    assert read_parts(write(tmp_path, ["a.nii"])) == {EVERY_PART: [{"image": "a.nii"}]}
