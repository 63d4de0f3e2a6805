"""The two manifests of a MONAI Application Package, with the keys that holoscan-cli 4.2 writes.

Specification: MONAI Deploy, "MONAI Application Package" 1.0.0, sections Application Manifest and Package Manifest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from nodulescope.apps.nodule_ct.container.places import PLACES
from nodulescope.bundles.errors import InputError

API_VERSION = "1.0.0"
"""Of the format of both manifests."""

SDK = "monai-deploy"

COMMAND = ("python3", "/opt/holoscan/app")

TIME_LIMIT_S = 3600
"""As long as the DICOM node gives an analysis. A CT of 500 slices takes minutes on two cores."""

HEALTH = {
    "type": "command",
    "command": ["python3", "-m", "nodulescope.apps.nodule_ct.container.entry_point", "health"],
    "initialDelaySeconds": 60,
    "periodSeconds": 30,
    "timeoutSeconds": 20,
    "failureThreshold": 3,
}

INPUT_FORMATS = ("dicom", "nifti", "metaimage", "nrrd")
OUTPUT_FORMATS = ("dicom", "json", "html", "pdf")

RELATIVE = {"HOLOSCAN_INPUT_PATH": "input/", "HOLOSCAN_OUTPUT_PATH": "output/"}
"""Folders of data are given relative to the working directory, as the stock packager gives them."""

RESOURCES = {
    "cpu": {"cpu": 2, "gpu": 0, "memory": "8Gi"},
    "cuda": {"cpu": 2, "gpu": 1, "memory": "8Gi", "gpuMemory": "6Gi"},
}
"""For a CT of 512 x 512 x 500: about 5 GB of memory at the peak."""


def application_manifest(version: str, sdk_version: str) -> dict[str, Any]:
    """``app.json``: how the application is started and what goes in and out.

    Args:
        version: of the application.
        sdk_version: of the MONAI Deploy App SDK.
    """
    return {
        "apiVersion": API_VERSION,
        "command": json.dumps(COMMAND),  # a text that holds a JSON list: so the packager writes it and the runner reads it
        "environment": {**PLACES, **RELATIVE},
        "input": {"path": RELATIVE["HOLOSCAN_INPUT_PATH"], "formats": list(INPUT_FORMATS)},
        "liveness": HEALTH,
        "output": {"path": RELATIVE["HOLOSCAN_OUTPUT_PATH"], "formats": list(OUTPUT_FORMATS)},
        "readiness": None,
        "sdk": SDK,
        "sdkVersion": sdk_version,
        "timeout": TIME_LIMIT_S,
        "version": version,
        "workingDirectory": PLACES["HOLOSCAN_WORKDIR"],
    }


def package_manifest(version: str, models: Sequence[str], accelerator: str) -> dict[str, Any]:
    """``pkg.json``: what lies where in the image and what it needs of its host.

    Args:
        version: of the application.
        models: names of the bundles.
        accelerator: ``cpu`` or ``cuda``.
    """
    root = PLACES["HOLOSCAN_MODEL_PATH"]
    return {
        "apiVersion": API_VERSION,
        "applicationRoot": PLACES["HOLOSCAN_APPLICATION"],
        "modelRoot": root,
        "models": {name: f"{root}/{name}" for name in models},
        "resources": RESOURCES[accelerator],
        "version": version,
        "platformConfig": {"cpu": "cpu", "cuda": "dgpu"}[accelerator],
    }


def check_manifest(name: str, content: Any) -> None:
    """Hold a manifest against its schema.

    Args:
        name: ``app`` or ``pkg``.
        content: the manifest.

    Raises:
        InputError: it breaks a rule; the message names the key.
    """
    schema = json.loads(files(__package__).joinpath("schemas", f"{name}.schema.json").read_text(encoding="utf-8"))
    error = next(iter(sorted(Draft202012Validator(schema).iter_errors(content), key=lambda e: list(map(str, e.absolute_path)))), None)
    if error is not None:
        place = ".".join(str(part) for part in error.absolute_path) or "its top level"
        raise InputError(f"map/{name}.json: {place}: {error.message}")
