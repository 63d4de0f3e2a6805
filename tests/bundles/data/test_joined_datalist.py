"""Several datalists as one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodulescope.bundles.data.joined_datalist import join_datalists
from nodulescope.bundles.errors import InputError


def written(path: Path, **parts: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(parts))
    return path


def test_parts_are_joined_and_files_named_from_the_new_place(tmp_path: Path) -> None:
    cube = {"image": "a.nii", "label": "a_outline.nii", "reader_labels": ["a_0.nii", "a_1.nii"], "patient": "a", "nodule": 1}
    one = written(tmp_path / "one" / "d.json", training=[cube], validation=[{"image": "b.nii", "patient": "b"}])
    two = written(tmp_path / "two" / "d.json", training=[{"image": "c.nii", "patient": "c"}], test=[{"image": "d.nii", "patient": "d"}])
    assert join_datalists(tmp_path / "new", [one, two]) == {
        "training": [
            {
                "image": "../one/a.nii",
                "label": "../one/a_outline.nii",
                "reader_labels": ["../one/a_0.nii", "../one/a_1.nii"],
                "patient": "a",
                "nodule": 1,
            },
            {"image": "../two/c.nii", "patient": "c"},
        ],
        "validation": [{"image": "../one/b.nii", "patient": "b"}],
        "test": [{"image": "../two/d.nii", "patient": "d"}],
    }


def test_all_items_of_some_datalists_train(tmp_path: Path) -> None:
    real = written(tmp_path / "real.json", training=[{"image": "a", "patient": "a"}], validation=[{"image": "b", "patient": "b"}])
    phantoms = written(tmp_path / "phantoms.json", training=[{"image": "p", "patient": "p"}], validation=[{"image": "q", "patient": "q"}])
    joined = join_datalists(tmp_path, [real], [phantoms])
    assert [item["image"] for item in joined["training"]] == ["a", "p", "q"]
    assert [item["image"] for item in joined["validation"]] == ["b"]


def test_an_image_that_two_datalists_name_counts_once(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", training=[{"image": "a", "patient": "a"}])
    two = written(tmp_path / "two.json", training=[{"image": "a", "patient": "a"}, {"image": "b", "patient": "a"}])
    assert [item["image"] for item in join_datalists(tmp_path, [one, two])["training"]] == ["a", "b"]


def test_a_patient_on_both_sides_is_refused(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", training=[{"image": "a", "patient": "anna"}])
    two = written(tmp_path / "two.json", validation=[{"image": "b", "patient": "anna"}])
    with pytest.raises(InputError, match=r"two\.json: patient anna is in validation, and on the other side of the split in .*one\.json"):
        join_datalists(tmp_path, [one, two])


def test_an_image_on_both_sides_is_refused_though_nobody_says_whose_it_is(tmp_path: Path) -> None:
    one, two = written(tmp_path / "one.json", training=[{"image": "a"}]), written(tmp_path / "two.json", validation=[{"image": "a"}])
    with pytest.raises(InputError, match=r"two\.json: a is in validation here, and in training before"):
        join_datalists(tmp_path, [one, two])


@pytest.mark.parametrize("item", [{"label": "a"}, {"image": ["a", "b"]}])
def test_an_item_without_an_image_is_refused(tmp_path: Path, item: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="names no image"):
        join_datalists(tmp_path, [written(tmp_path / "one.json", training=[item])])
