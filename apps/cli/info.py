"""``nodulescope info``: what runs here, with which weights."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from nodulescope.apps.cli.options import AsJson
from nodulescope.apps.cli.plain_table import plain_table
from nodulescope.bundles.errors import BundleError

EPILOG = """Examples:

nodulescope info

nodulescope info --json | jq .bundles"""

PACKAGES = ("torch", "monai", "numpy", "SimpleITK", "pydicom", "highdicom", "monai-deploy-app-sdk", "holoscan-cu13", "nvflare")
"""Packages whose versions change results or decide what runs."""

WEIGHTS = "models/model.pt"


def info(as_json: AsJson = False) -> None:
    """Show versions, devices, and each stage's bundle with the hash of its weights."""
    known = describe_installation()
    if as_json:
        typer.echo(json.dumps(known, indent=2))
        return
    console = Console()
    console.print(Text(f"nodulescope {known['nodulescope']}, Python {known['python']}", style="bold"))
    versions = plain_table("Packages", {"Name": "left", "Version": "left"})
    for name, number in known["packages"].items():
        versions.add_row(name, number or "not installed")
    console.print(versions)
    console.print(Text("Devices: " + "; ".join(f"{device['name']} ({device['description']})" for device in known["devices"])))
    bundles = plain_table("Bundles", dict.fromkeys(("Stage", "Name", "Version", "SHA-256", "Metadata"), "left"))
    for bundle in known["bundles"]:
        bundles.add_row(bundle["stage"], bundle["bundle"], bundle["version"], (bundle["sha256"] or "")[:12], bundle["weights"])
    console.print(bundles)
    for bundle in known["bundles"]:
        console.print(Text(f"{bundle['stage']}: {bundle['path']}"), soft_wrap=True)


def describe_installation() -> dict[str, Any]:
    """Versions, devices and bundles, as plain JSON values."""
    from nodulescope.bundles.predictors import STAGES

    return {
        "nodulescope": version("nodulescope"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "devices": _devices(),
        "bundles": [describe_bundle(stage) for stage in STAGES],
    }


def describe_bundle(stage: str) -> dict[str, Any]:
    """What serves a stage.

    ``weights`` is ``match`` when their SHA-256 is the one in the metadata, ``mismatch`` when it is not (they would be refused),
    ``not stated`` when the metadata names none, ``missing`` when there are none, and ``broken bundle`` when its metadata cannot be read.
    """
    from nodulescope.bundles.predictors import find_bundle

    described: dict[str, Any] = {"stage": stage, "bundle": None, "version": None, "path": None, "sha256": None, "weights": "broken bundle"}
    try:
        path = find_bundle(stage)
        metadata = json.loads((path / "configs" / "metadata.json").read_text(encoding="utf-8"))
    except (BundleError, OSError, ValueError):
        return described
    weights = path / WEIGHTS
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest() if weights.is_file() else None
    stated = metadata.get("weights", {}).get(WEIGHTS, {}).get("sha256")
    described.update(bundle=str(metadata.get("name", path.name)), version=str(metadata.get("version", "")), path=str(path), sha256=sha256)
    described["weights"] = _verdict(sha256, stated)
    return described


def _verdict(sha256: str | None, stated: str | None) -> str:
    if sha256 is None:
        return "missing"
    if stated is None:
        return "not stated"
    return "match" if sha256 == stated else "mismatch"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _devices() -> list[dict[str, str]]:
    """The processor and every CUDA device, by the names that ``--device`` takes."""
    import torch

    processor = {"name": "cpu", "description": f"{torch.get_num_threads()} threads"}
    return [processor, *({"name": f"cuda:{n}", "description": torch.cuda.get_device_name(n)} for n in range(torch.cuda.device_count()))]
