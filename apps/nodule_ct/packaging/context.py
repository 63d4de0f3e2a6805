"""The build context of the image: a folder with everything that the Dockerfile asks for. The same inputs give the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from packaging.utils import parse_wheel_filename

from nodulescope.apps.nodule_ct.container.places import PLACES
from nodulescope.apps.nodule_ct.packaging.checksums import CHECKSUMS, write_checksums
from nodulescope.apps.nodule_ct.packaging.lock import PROJECT, read_lock
from nodulescope.apps.nodule_ct.packaging.manifests import TIME_LIMIT_S, application_manifest, package_manifest
from nodulescope.apps.nodule_ct.packaging.pin import Pin
from nodulescope.apps.nodule_ct.packaging.project_wheel import build_project_wheel
from nodulescope.apps.nodule_ct.packaging.sbom import LICENCE, bill_of_materials
from nodulescope.apps.nodule_ct.packaging.self_test_study import write_self_test_study
from nodulescope.apps.nodule_ct.packaging.wheelhouse import choose_wheels, sha256_of
from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.bundles.predictors import STAGES, find_bundle

TITLE = "nodulescope"
DESCRIPTION = "Finds, measures, grades and reports lung nodules on chest CT. For research, not for clinical use."

BUNDLE_PARTS = ("LICENSE", "configs", "docs", "models/model.pt")
"""Of each bundle; its Python is in the wheel."""

NO_WHEELS = "The packages of requirements.txt are downloaded by the build. `nodulescope package --wheelhouse` puts them here instead.\n"

STEPS = ("lock", "wheel", "wheelhouse", "models", "self_test_phantom", "manifests", "checksums")
"""What is done, in this order, for a progress bar."""


@dataclass(frozen=True)
class ContextOptions:
    """What goes into a context.

    Attributes:
        accelerator: ``cpu`` or ``cuda``: which build of PyTorch.
        wheel: nodulescope's own wheel; None makes it from this installation.
        wheelhouse: a folder of all other wheels, for a build without a network; None leaves them to the build.
        bundles: stage to folder, for stages whose bundle is replaced.
        tag: name of the image, for a label.
    """

    accelerator: str = "cpu"
    wheel: Path | None = None
    wheelhouse: Path | None = None
    bundles: Mapping[str, Path] | None = None
    tag: str = ""


@dataclass(frozen=True)
class WrittenContext:
    """What was written.

    Attributes:
        folder: the context.
        packages: how many packages the image will have.
        other_builds: packages whose wheel is another build than the one that the lock names.
    """

    folder: Path
    packages: int
    other_builds: tuple[str, ...]


def write_context(out: Path, options: ContextOptions, progress: Callable[[str], None] = lambda _step: None) -> WrittenContext:
    """Write a build context, whole or not at all.

    Args:
        out: its folder. An earlier context there is replaced; any other folder that is not empty is refused.
        options: what goes in.
        progress: called with each of :data:`STEPS` when it begins.

    Raises:
        UsageError: ``out`` is no place for a context, or there is no such accelerator or stage.
        InputError: the wheelhouse lacks a wheel.
        BundleError: a bundle is missing or incomplete.
    """
    with _replaced_folder(out) as folder:
        progress("lock")
        pins = read_lock(options.accelerator)
        progress("wheel")
        project = _add_project_wheel(folder / "wheel", options.wheel)
        progress("wheelhouse")
        (folder / "wheels").mkdir()
        wheels = choose_wheels(options.wheelhouse, pins) if options.wheelhouse else ()
        for wheel in wheels:
            _link(wheel.file, folder / "wheels" / wheel.file.name)
        if not wheels:
            (folder / "wheels" / "README").write_text(NO_WHEELS, encoding="utf-8")  # a folder without a file is easily lost on the way
        pins = tuple(wheel.pin for wheel in wheels) or pins
        progress("models")
        models = _add_models(folder / "models", options.bundles or {})
        progress("self_test_phantom")
        write_self_test_study(folder / "self-test")
        progress("manifests")
        _write_texts(folder, project, pins, models, options)
        progress("checksums")
        write_checksums(folder)
    return WrittenContext(out, len(pins) + 1, tuple(wheel.pin.name for wheel in wheels if wheel.differs))


def requirements_text(pins: Sequence[Pin], wheels: str, *, offline: bool) -> str:
    """A requirements file in which everything is pinned.

    Args:
        pins: what pip installs.
        wheels: folder beside the file in which pip looks for wheels.
        offline: whether it looks nowhere else.
    """
    where = [*(["--no-index"] if offline else []), f"--find-links {wheels}"]
    return "\n".join([*where, *(pin.line() for pin in sorted(pins))]) + "\n"


def _add_project_wheel(folder: Path, given: Path | None) -> Pin:
    folder.mkdir()
    if given is None:
        file = build_project_wheel(folder)
    elif given.is_file() and given.name.startswith(f"{PROJECT}-") and given.suffix == ".whl":
        file = folder / given.name
        shutil.copyfile(given, file)
    else:
        raise UsageError(f"{given}: is no wheel of {PROJECT}")
    file.chmod(0o644)
    return Pin(PROJECT, str(parse_wheel_filename(file.name)[1]), sha256_of(file))


def _add_models(folder: Path, replaced: Mapping[str, Path]) -> dict[str, Path]:
    for stage in replaced:
        find_bundle(stage, replaced[stage])  # refuses a stage that does not exist
    models = {}
    for stage in STAGES:
        source, target = find_bundle(stage, replaced.get(stage)), folder / stage
        parts = BUNDLE_PARTS if stage not in replaced else [path.name for path in sorted(source.iterdir())]
        for part in parts:
            _copy(source / part, target / part)
        models[stage] = target
    return models


def _write_texts(folder: Path, project: Pin, pins: tuple[Pin, ...], models: dict[str, Path], options: ContextOptions) -> None:
    image = files(__package__).joinpath("image")
    (folder / "Dockerfile").write_text(_dockerfile(image.joinpath("Dockerfile").read_text(encoding="utf-8"), options.tag), encoding="utf-8")
    requirements = requirements_text(pins, "wheels", offline=options.wheelhouse is not None)
    (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
    (folder / "application.txt").write_text(requirements_text([project], "wheel", offline=True), encoding="utf-8")
    (folder / "sbom.cdx.json").write_text(_json(bill_of_materials(project, pins, models)), encoding="utf-8")
    for name in ("app", "docs", "map"):
        (folder / name).mkdir()
    (folder / "app" / "__main__.py").write_text(image.joinpath("launcher.txt").read_text(encoding="utf-8"), encoding="utf-8")
    settings = files("nodulescope.apps.nodule_ct").joinpath("app.yaml").read_text(encoding="utf-8")
    (folder / "app.yaml").write_text(settings, encoding="utf-8")
    guide = files("nodulescope.apps.nodule_ct").joinpath("docs", "packaging.md").read_text(encoding="utf-8")
    (folder / "docs" / "packaging.md").write_text(guide, encoding="utf-8")
    sdk = version("monai-deploy-app-sdk")
    (folder / "map" / "app.json").write_text(_json(application_manifest(project.version, sdk)), encoding="utf-8")
    package = package_manifest(project.version, list(models), options.accelerator)
    (folder / "map" / "pkg.json").write_text(_json(package), encoding="utf-8")


def _dockerfile(template: str, tag: str) -> str:
    environment = {**PLACES, "HOLOSCAN_TIMEOUT": str(TIME_LIMIT_S), "HOLOSCAN_VERSION": version("holoscan-cu13")}
    values = {
        "TITLE": TITLE,
        "DESCRIPTION": DESCRIPTION,
        "VERSION": version(PROJECT),
        "LICENCE": LICENCE,
        "APP_SDK_VERSION": version("monai-deploy-app-sdk"),
        "HOLOSCAN_VERSION": version("holoscan-cu13"),
        "TAG": tag,
        "ENVIRONMENT": " \\\n    ".join(f"{name}={value}" for name, value in environment.items()),
    }
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template


def _json(content: Any) -> str:
    return json.dumps(content, indent=2) + "\n"


def _copy(source: Path, target: Path) -> None:
    """Copy a file or folder without times, and with one mode for all: both reach the image."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"), copy_function=shutil.copyfile)
    elif source.is_file():
        shutil.copyfile(source, target)
    else:
        raise InputError(f"{source}: is missing; restore the bundle")


def _link(source: Path, target: Path) -> None:
    """Wheels are large: a second name costs nothing, where both lie on one disk."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


@contextmanager
def _replaced_folder(out: Path) -> Iterator[Path]:
    """Give a folder beside ``out`` that takes its place once all is written."""
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / CHECKSUMS).is_file())):
        raise UsageError(f"{out}: holds something that is no build context; choose a new folder")
    parent = out.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=parent) as beside:
            written = Path(beside) / "context"
            written.mkdir()
            yield written
            if out.exists():
                out.rename(Path(beside) / "earlier")
            written.rename(out)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written to ({error.strerror}); choose another folder") from error
