"""Checking a build context: whole, unchanged, consistent in itself. One line for each thing that is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name, parse_wheel_filename

from nodulescope.apps.nodule_ct.packaging.checksums import files_of, read_checksums
from nodulescope.apps.nodule_ct.packaging.lock import PROJECT
from nodulescope.apps.nodule_ct.packaging.manifests import check_manifest
from nodulescope.apps.nodule_ct.packaging.pin import Pin
from nodulescope.apps.nodule_ct.packaging.wheelhouse import sha256_of
from nodulescope.bundles.errors import InputError

PARTS = (
    "Dockerfile",
    "app/__main__.py",
    "app.yaml",
    "application.txt",
    "docs/packaging.md",
    "map/app.json",
    "map/pkg.json",
    "requirements.txt",
    "sbom.cdx.json",
    "self-test/truth.json",
)
"""Files that every context has; wheels, models and slices come on top."""

WEIGHTS = "models/model.pt"


def problems_of(folder: Path) -> list[str]:
    """What is wrong with a build context; empty if nothing is.

    Args:
        folder: the context.

    Raises:
        InputError: it is no build context at all.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    found = [*_changed_files(folder)]
    found += [f"{name}: is missing; write the context again" for name in PARTS if not (folder / name).is_file()]
    if found:
        return found  # what follows reads these files
    try:
        for check in (_manifest_problems, _model_problems, _requirement_problems, _bill_problems, _self_test_problems):
            found += check(folder)
    except (KeyError, TypeError, ValueError, InputError) as error:
        reason = str(error) if isinstance(error, InputError) else f"{folder}: a file has another form than expected ({error!r})"
        found.append(reason)
    return found


def _changed_files(folder: Path) -> Iterator[str]:
    noted, there = read_checksums(folder), files_of(folder)
    for name in sorted({*noted, *there}):
        if name not in there:
            yield f"{name}: is missing; restore it or write the context again"
        elif name not in noted:
            yield f"{name}: does not belong to the context; remove it"
        elif sha256_of(folder / name) != noted[name]:
            yield f"{name}: was changed after the context was written (its SHA-256 is not the one in SHA256SUMS)"


def _manifest_problems(folder: Path) -> Iterator[str]:
    for name in ("app", "pkg"):
        try:
            check_manifest(name, _read(folder / "map" / f"{name}.json"))
        except InputError as error:
            yield str(error)


def _model_problems(folder: Path) -> Iterator[str]:
    models: Mapping[str, str] = _read(folder / "map" / "pkg.json")["models"]
    for extra in sorted({path.name for path in (folder / "models").iterdir()} - set(models)):
        yield f"models/{extra}: is not in map/pkg.json"
    for name in models:
        bundle = folder / "models" / name
        weights, metadata = bundle / WEIGHTS, bundle / "configs" / "metadata.json"
        if not weights.is_file() or not metadata.is_file():
            yield f"models/{name}: is no complete bundle (configs/metadata.json and {WEIGHTS} are needed)"
            continue
        stated = _read(metadata).get("weights", {}).get(WEIGHTS, {}).get("sha256")
        if stated is not None and stated != sha256_of(weights):
            yield f"models/{name}/{WEIGHTS}: its SHA-256 is not the one in metadata.json; the application would refuse it"


def _requirement_problems(folder: Path) -> Iterator[str]:
    for file, wheels in (("application.txt", "wheel"), ("requirements.txt", "wheels")):
        yield from _wheel_problems(folder, file, wheels)
    if [pin.name for pin in _pins(folder / "application.txt")] != [PROJECT]:
        yield f"application.txt: must name {PROJECT} and nothing else"


def _wheel_problems(folder: Path, file: str, wheels: str) -> Iterator[str]:
    """Every pin of an offline file has its wheel, and no wheel lies there without a pin."""
    offline = "--no-index" in (folder / file).read_text(encoding="utf-8").splitlines()
    there: dict[tuple[str, str], str] = {}
    for wheel in sorted((folder / wheels).glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(wheel.name)
        there[canonicalize_name(name), str(version)] = sha256_of(wheel)
    for pin in _pins(folder / file) if offline else ():
        digest = there.pop((pin.name, pin.version), None)
        if digest is None:
            yield f"{wheels}: there is no wheel of {pin.name} {pin.version}, which {file} asks for"
        elif digest != pin.sha256:
            yield f"{wheels}: the wheel of {pin.name} {pin.version} is not the one whose hash is in {file}"
    yield from (f"{wheels}: the wheel of {name} {version} is not in {file}" for name, version in there)


def _pins(file: Path) -> list[Pin]:
    return [Pin.parse(line) for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("--")]


def _bill_problems(folder: Path) -> Iterator[str]:
    bill = _read(folder / "sbom.cdx.json")
    listed = {
        (c["name"], c["version"]) for c in [bill["metadata"]["component"], *bill["components"]] if c["type"] != "machine-learning-model"
    }
    pins = [*_pins(folder / "application.txt"), *_pins(folder / "requirements.txt")]
    pinned = {(pin.name, pin.version) for pin in pins}
    yield from (f"sbom.cdx.json: {name} {version} is not in the requirements" for name, version in sorted(listed - pinned))
    yield from (f"sbom.cdx.json: {name} {version}, which is in the requirements, is missing" for name, version in sorted(pinned - listed))


def _self_test_problems(folder: Path) -> Iterator[str]:
    truth = _read(folder / "self-test" / "truth.json")
    if not truth["nodules"] or not any((folder / "self-test" / "dicom").glob("*.dcm")):
        yield "self-test: the phantom has no images or no nodule"


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
