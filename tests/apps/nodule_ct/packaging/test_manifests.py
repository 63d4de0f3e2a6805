from __future__ import annotations

import json
from typing import Any

import pytest

from nodulescope.apps.nodule_ct.packaging.manifests import application_manifest, check_manifest, package_manifest
from nodulescope.bundles.errors import InputError

APPLICATION_KEYS = [
    *("apiVersion", "command", "environment", "input", "liveness", "output"),
    *("readiness", "sdk", "sdkVersion", "timeout", "version", "workingDirectory"),
]
PACKAGE_KEYS = ["apiVersion", "applicationRoot", "modelRoot", "models", "resources", "version", "platformConfig"]
"""The keys of holoscan-cli 4.2's ``ApplicationManifest`` and ``PackageManifest``."""


def test_the_manifests_have_the_keys_of_the_stock_packager() -> None:
    assert list(application_manifest("0.1.0", "4.0.0")) == APPLICATION_KEYS
    assert list(package_manifest("0.1.0", ["nodule_grading"], "cpu")) == PACKAGE_KEYS


def test_the_application_manifest_is_valid_and_its_command_can_be_read_as_the_runner_reads_it() -> None:
    manifest = application_manifest("0.1.0", "4.0.0")
    check_manifest("app", manifest)
    assert json.loads(manifest["command"]) == ["python3", "/opt/holoscan/app"]
    assert (manifest["sdk"], manifest["sdkVersion"], manifest["workingDirectory"]) == ("monai-deploy", "4.0.0", "/var/holoscan")
    assert (manifest["input"]["path"], manifest["output"]["path"]) == ("input/", "output/")
    assert manifest["environment"]["HOLOSCAN_MODEL_PATH"] == "/opt/holoscan/models"


@pytest.mark.parametrize(("accelerator", "platform", "gpus"), [("cpu", "cpu", 0), ("cuda", "dgpu", 1)])
def test_the_package_manifest_asks_for_what_the_build_needs(accelerator: str, platform: str, gpus: int) -> None:
    manifest = package_manifest("0.1.0", ["lung_segmentation", "nodule_grading"], accelerator)
    check_manifest("pkg", manifest)
    assert manifest["models"] == {name: f"/opt/holoscan/models/{name}" for name in ("lung_segmentation", "nodule_grading")}
    assert (manifest["platformConfig"], manifest["resources"]["gpu"]) == (platform, gpus)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("app", {"timeout": "1h"}, "app.json: timeout: '1h' is not of type 'integer'"),
        ("app", {"command": ["python3"]}, "app.json: command: "),
        ("app", {"input": {"path": ""}}, "app.json: input"),
        ("pkg", {"models": {}}, "pkg.json: models: "),
        ("pkg", {"resources": {"cpu": 1, "gpu": 0, "memory": "much"}}, "pkg.json: resources.memory: 'much' does not match"),
        ("pkg", {"notes": 1}, "pkg.json: its top level: Additional properties"),
    ],
)
def test_a_broken_manifest_is_told_by_its_key(name: str, changes: dict[str, Any], message: str) -> None:
    good = {"app": application_manifest("0.1.0", "4.0.0"), "pkg": package_manifest("0.1.0", ["nodule_grading"], "cpu")}[name]
    with pytest.raises(InputError) as caught:
        check_manifest(name, good | changes)
    assert message in str(caught.value)
