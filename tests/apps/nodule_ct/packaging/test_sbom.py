from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from nodulescope.apps.nodule_ct.packaging.lock import read_lock
from nodulescope.apps.nodule_ct.packaging.pin import Pin
from nodulescope.apps.nodule_ct.packaging.sbom import bill_of_materials
from nodulescope.bundles.predictors import STAGES, find_bundle

PROJECT = Pin("nodulescope", "0.1.0", "c" * 64)


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    return bill_of_materials(PROJECT, read_lock("cpu"), {stage: find_bundle(stage) for stage in STAGES})


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    """CycloneDX' own schema, and those that it refers to."""
    folder = files("cyclonedx.schema._res")
    contents = {f.name: json.loads(f.read_text(encoding="utf-8")) for f in folder.iterdir() if f.name.endswith(".schema.json")}
    base = "http://cyclonedx.org/schema/"
    resources = [(base + name, Resource.from_contents(content)) for name, content in contents.items()]
    return Draft7Validator(contents["bom-1.6.SNAPSHOT.schema.json"], registry=Registry().with_resources(resources))


def test_the_bill_keeps_to_the_schema(bill: dict[str, Any], schema: Draft7Validator) -> None:
    assert [error.message for error in schema.iter_errors(bill)] == []
    assert next(schema.iter_errors(bill | {"specVersion": 1.6, "components": [{"name": "torch"}]}), None) is not None


def test_every_package_and_model_is_on_it_with_its_hash(bill: dict[str, Any]) -> None:
    hashes = {component["name"]: component["hashes"][0]["content"] for component in bill["components"]}
    assert hashes.keys() == {pin.name for pin in read_lock("cpu")} | set(STAGES)
    for stage in STAGES:
        metadata = json.loads((find_bundle(stage) / "configs" / "metadata.json").read_text(encoding="utf-8"))
        assert hashes[stage] == metadata["weights"]["models/model.pt"]["sha256"]
    (torch,) = [component for component in bill["components"] if component["name"] == "torch"]
    assert torch["purl"] == "pkg:pypi/torch@2.13.0%2Bcpu"
    assert bill["metadata"]["component"]["purl"] == "pkg:pypi/nodulescope@0.1.0"


def test_the_serial_number_belongs_to_the_content(bill: dict[str, Any]) -> None:
    models: dict[str, Path] = {stage: find_bundle(stage) for stage in STAGES}
    assert bill_of_materials(PROJECT, read_lock("cpu"), models) == bill
    other = bill_of_materials(PROJECT, read_lock("cpu")[1:], models)
    assert other["serialNumber"] != bill["serialNumber"]
