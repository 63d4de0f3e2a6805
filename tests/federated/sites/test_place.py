from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.bundles.errors import BundleError, InputError
from nodulescope.bundles.predictors import find_bundle
from nodulescope.federated.sites.place import PLACES, Place, server_place, site_place, write_places
from nodulescope.federated.sites.site import Site


def test_on_one_machine_a_process_finds_its_own_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places, root = tmp_path / "places.json", find_bundle("nodule_grading")
    own = tmp_path / "own"
    sites = [Site("north", tmp_path / "n.json", {"learning_rate": 1e-05}, "cpu"), Site("south", tmp_path / "s.json", bundle=own)]
    write_places(places, sites, tmp_path / "state", tmp_path / "local", root)
    monkeypatch.setenv(PLACES, str(places))
    north, south, server = site_place("north", tmp_path), site_place("south", tmp_path), server_place(tmp_path)
    assert north == Place(
        Site("north", tmp_path / "n.json", {"learning_rate": 1e-05}, "cpu", root), tmp_path / "state/north", tmp_path / "local", root
    )
    assert south.bundle == own
    assert server == Place(None, tmp_path / "state/server", tmp_path / "local", root)


def test_at_a_hospital_the_startup_kit_holds_the_site_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PLACES, raising=False)
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "nodulescope.yaml").write_text("sites: {north: {datalist: list.json}}", encoding="utf-8")
    place = site_place("north", tmp_path)
    assert place.site is not None and place.site.datalist == tmp_path / "local" / "list.json"
    assert place.state == tmp_path / "nodulescope"
    assert place.bundle_root("nodule_grading") == find_bundle("nodule_grading")
    with pytest.raises(InputError, match="does not describe the site south"):
        site_place("south", tmp_path)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not a MONAI bundle"):
        Place(None, tmp_path, tmp_path, tmp_path).bundle_root("mine")
