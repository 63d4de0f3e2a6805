from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.predictors import find_bundle
from nodulescope.federated.sites.preflight import SiteCases, look_at_sites
from nodulescope.federated.sites.site import Site

ROOT = find_bundle("nodule_grading")


def site(folder: Path, name: str, training: int = 2, validation: int = 1, ratings: int = 8, **settings: Any) -> Site:
    (folder / "cube.nii").touch()
    item = {"image": "cube.nii", "nodule": 1, "ratings": [[1.0] * ratings]}
    datalist = folder / f"{name}.json"
    datalist.write_text(json.dumps({"training": [item] * training, "validation": [item] * validation}), encoding="utf-8")
    return Site(name, datalist, settings)


def test_cases_are_counted(tmp_path: Path) -> None:
    sites = [site(tmp_path, "north", training=3), site(tmp_path, "south", training=5, validation=2)]
    assert look_at_sites(sites, ROOT, ["train.yaml"]) == (SiteCases("north", 3, 1, 8), SiteCases("south", 5, 2, 8))


def test_every_site_without_cases_is_named_with_its_file(tmp_path: Path) -> None:
    sites = [site(tmp_path, "north", training=0), site(tmp_path, "south"), site(tmp_path, "west", validation=0)]
    with pytest.raises(InputError) as error:
        look_at_sites(sites, ROOT, ["train.yaml"])
    text = str(error.value)
    assert text.startswith("no round was begun: ")
    assert "north.json: has no cases in its training part" in text and "west.json: has no cases in its validation part" in text
    assert "south" not in text


def test_a_missing_datalist_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such datalist"):
        look_at_sites([Site("north", tmp_path / "absent.json")], ROOT, ["train.yaml"])


def test_another_number_of_classes_is_told(tmp_path: Path) -> None:
    sites = [site(tmp_path, "north"), site(tmp_path, "south", **{"network_def#out_channels": 12})]
    with pytest.raises(InputError, match=r"south: its network has heads.weight of shape \(12, .*same classes"):
        look_at_sites(sites, ROOT, ["train.yaml"])


def test_another_number_of_ratings_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="9 ratings per reader, north has 8"):
        look_at_sites([site(tmp_path, "north"), site(tmp_path, "south", ratings=9)], ROOT, ["train.yaml"])
