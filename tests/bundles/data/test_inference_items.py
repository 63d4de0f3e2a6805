from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodulescope.bundles.data.inference_items import read_places, read_scans
from nodulescope.bundles.errors import InputError


def write(folder: Path, *items: dict[str, Any]) -> Path:
    for item in items:
        (folder / item.get("image", "x")).parent.mkdir(parents=True, exist_ok=True)
        (folder / item.get("image", "x")).touch()
    path = folder / "list.json"
    path.write_text(json.dumps(list(items)))
    return path


def test_every_result_has_a_name_of_its_own(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {"image": "a/ct.nii.gz"},
        {"image": "b/ct.nii.gz"},
        {"image": "b/ct_1.nii"},
        {"image": "1.2.840.113"},
        {"image": "c/ct.nii.gz", "name": "../patient seven"},
    )
    items = read_scans(path)
    assert [item["name"] for item in items] == ["ct", "ct_1", "ct_1_1", "1.2.840.113", "patient seven"]
    assert [item["source"] for item in items] == [item["image"] for item in items]
    assert set(items[0]) == {"image", "source", "name"}


def test_places_keep_their_centres(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {"image": "ct.nii", "center_lps_mm": [1, -2.5, 3], "magnification": 2, "ratings": [[None]]},
        {"image": "ct.nii", "center_lps_mm": [0, 0, 0]},
    )
    first, second = read_places(path)
    assert (first["name"], first["center_lps_mm"], first["magnification"]) == ("ct", [1.0, -2.5, 3.0], 2.0)
    assert (second["name"], second["magnification"]) == ("ct_1", 1.0)
    assert "ratings" not in first


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"center_lps_mm": [1, 2]},
        {"center_lps_mm": "1,2,3"},
        {"center_lps_mm": [1, 2, float("nan")]},
        {"center_lps_mm": [1, 2, 3], "magnification": 0},
    ],
)
def test_what_is_no_place_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"center_lps_mm must be three numbers|magnification must be a positive number"):
        read_places(write(tmp_path, {"image": "ct.nii", **wrong}))


def test_an_item_without_an_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="every item must name an image"):
        read_scans(write(tmp_path, {"center_lps_mm": [1, 2, 3]}))
