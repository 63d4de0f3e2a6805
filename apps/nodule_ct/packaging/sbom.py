"""The software bill of materials, CycloneDX 1.6: every package and every model of the image, with its hash.

It carries no time and no random serial number, so that the same inputs give the same bytes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nodulescope.apps.nodule_ct.packaging.pin import Pin
from nodulescope.apps.nodule_ct.packaging.wheelhouse import sha256_of

SPECIFICATION = "1.6"
LICENCE = "Apache-2.0"
WEIGHTS = "models/model.pt"


def bill_of_materials(project: Pin, pins: Sequence[Pin], models: Mapping[str, Path]) -> dict[str, Any]:
    """Form the value of ``sbom.cdx.json``.

    Args:
        project: nodulescope's own wheel.
        pins: the other packages.
        models: name to folder of each bundle.
    """
    main = _package(project) | {"type": "application", "licenses": [{"license": {"id": LICENCE}}]}
    components = [*map(_package, pins), *(_model(name, folder) for name, folder in models.items())]
    content: dict[str, Any] = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {"component": main},
        "components": components,
        "dependencies": [{"ref": main["bom-ref"], "dependsOn": [component["bom-ref"] for component in components]}],
    }
    # The serial number follows from the content: another content is another document.
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return {**content, "serialNumber": f"urn:uuid:{number}"}


def _package(pin: Pin) -> dict[str, Any]:
    reference = f"pkg:pypi/{pin.name}@{pin.version.replace('+', '%2B')}"
    return {
        "type": "library",
        "bom-ref": reference,
        "name": pin.name,
        "version": pin.version,
        "purl": reference,
        "hashes": [{"alg": "SHA-256", "content": pin.sha256}],
    }


def _model(name: str, folder: Path) -> dict[str, Any]:
    metadata = json.loads((folder / "configs" / "metadata.json").read_text(encoding="utf-8"))
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{name}@{metadata['version']}",
        "name": name,
        "version": str(metadata["version"]),
        "description": str(metadata.get("description", "")),
        "hashes": [{"alg": "SHA-256", "content": sha256_of(folder / WEIGHTS)}],
    }
