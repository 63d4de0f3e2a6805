from __future__ import annotations

from pathlib import Path

import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.federated.sites.site_file import read_site_file


def written(folder: Path, text: str) -> Path:
    file = folder / "sites.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    text = "sites:\n  north: {datalist: data/list.json, settings: {batch_size: 4}, device: 'cuda:1'}\n  south: {datalist: /abs/list.json}\n"
    north, south = read_site_file(written(tmp_path, text))
    assert (north.name, north.datalist, north.settings, north.device) == ("north", tmp_path / "data/list.json", {"batch_size": 4}, "cuda:1")
    assert (south.name, south.datalist, south.settings, south.device) == ("south", Path("/abs/list.json"), {}, None)


@pytest.mark.parametrize("rate", ["1e-5", "1.0e-05", "1e-05", "0.00001"])
def test_a_small_number_is_a_number_however_it_is_written(rate: str, tmp_path: Path) -> None:
    (site,) = read_site_file(written(tmp_path, f"sites: {{north: {{datalist: a, settings: {{learning_rate: {rate}}}}}}}"))
    assert site.settings == {"learning_rate": 1e-5}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names no site"),
        ("sites: {}", "names no site"),
        ("sites: [north]", "names no site"),
        ("sites: {north: {}}", "the site north names no datalist"),
        ("sites: {north: list.json}", "the site north names no datalist"),
        ("sites: {'north wing': {datalist: a}}", "cannot be a site's name"),
        ("sites: {north: {datalist: a, datalists: b}}", "unknown entries datalists"),
        ("sites: {north: {datalist: a, settings: 4}}", "settings of the site north"),
        ("sites: {north: {datalist: a, device: gpu}}", "the device 'gpu'"),
        ("sites: {north: [", "not valid YAML"),
    ],
)
def test_a_wrong_file_is_refused_in_words(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_site_file(written(tmp_path, text))
    assert told in str(error.value) and "sites.yaml" in str(error.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such site file"):
        read_site_file(tmp_path / "sites.yaml")
