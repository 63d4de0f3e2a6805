from __future__ import annotations

import pytest

from nodulescope.bundles.nodule_segmentation.outlined_items import outlined_items

ITEMS = [
    {"image": "empty.nii", "nodule": 0},
    {"image": "crop.nii", "nodule": 1},
    {"image": "one.nii", "nodule": 1, "reader_labels": ["a"]},
    {"image": "two.nii", "nodule": 1, "reader_labels": ["a", "b"]},
    {"image": "three.nii", "nodule": 1, "reader_labels": ["a", "b", "c"]},
]


@pytest.mark.parametrize(
    ("least_readers", "kept"),
    [(1, ["crop", "one", "two", "three"]), (2, ["crop", "two", "three"]), (3, ["crop", "three"]), (4, ["crop"])],
)
def test_nodules_with_enough_readers_are_kept(least_readers: int, kept: list[str]) -> None:
    assert [item["image"] for item in outlined_items(ITEMS, least_readers)] == [f"{name}.nii" for name in kept]
