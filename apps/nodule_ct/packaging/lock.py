"""The packages of the image, pinned with hashes. ``python -m nodulescope.apps.nodule_ct.packaging.lock REPORT`` prints a new lock.

``REPORT`` is pip's installation report of the extra ``app``. For the CPU, where pip is offered a CPU build of PyTorch::

    pip install --dry-run --ignore-installed --report report.json --constraint constraints.txt torch==2.13.0 '.[app]'
    python -m nodulescope.apps.nodule_ct.packaging.lock report.json > apps/nodule_ct/packaging/requirements/cpu.txt

For CUDA the constraint of nvidia-cuda-runtime has to be left away, because PyTorch's CUDA build pins its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nodulescope.apps.nodule_ct.packaging.pin import Pin
from nodulescope.bundles.errors import UsageError

ACCELERATORS = ("cpu", "cuda")

LEFT_OUT: Mapping[str, str] = {
    "aiohttp": "asynchronous client of the Triton server",
    "cuda-python": "shared memory with a Triton server",
    "cupy-cuda13x": "tensors between operators on the GPU; these operators exchange Python objects",
    "fire": "the command line of monai.bundle",
    "holoscan-cli": "packages and runs applications, from outside of the image",
    "matplotlib": "figures of evaluations",
    "perf-analyzer": "measures a Triton server",
    "pip": "installs packages",
    "tensorboard": "curves of trainings",
}
"""What the dependencies ask for and the application never imports; also left out is what only these need."""

PROJECT = "nodulescope"
EXTRAS: Mapping[str, frozenset[str]] = {PROJECT: frozenset({"app"})}


def read_lock(accelerator: str) -> tuple[Pin, ...]:
    """The lock that ships.

    Args:
        accelerator: one of :data:`ACCELERATORS`.

    Raises:
        UsageError: there is no such lock.
    """
    if accelerator not in ACCELERATORS:
        raise UsageError(f"{accelerator}: no such accelerator; choose one of {', '.join(ACCELERATORS)}")
    text = files(__package__).joinpath("requirements", f"{accelerator}.txt").read_text(encoding="utf-8")
    return tuple(Pin.parse(line) for line in text.splitlines() if line and not line.startswith("#"))


def lock_from_report(report: Mapping[str, Any]) -> tuple[Pin, ...]:
    """Everything that the application needs, in the order of names.

    Args:
        report: pip's installation report, version 1.

    Raises:
        UsageError: it does not hold the project, or a package in it has no hash.
    """
    found: dict[str, Any] = {canonicalize_name(item["metadata"]["name"]): item for item in report["install"]}
    if PROJECT not in found:
        raise UsageError(f"the installation report does not hold {PROJECT}; make it as described in this module")
    needed = _reachable(found, report["environment"]) - {PROJECT}
    return tuple(_pin(found[name]) for name in sorted(needed))


def _reachable(found: Mapping[str, Any], environment: Mapping[str, str]) -> set[str]:
    reached: set[str] = set()
    extras: dict[str, frozenset[str]] = dict(EXTRAS)
    waiting = [PROJECT]
    while waiting:
        name = waiting.pop()
        before = extras.get(name, frozenset())
        reached.add(name)
        for requirement in _requirements(found[name], before, environment):
            needed = canonicalize_name(requirement.name)
            known = extras.get(needed, frozenset())
            if needed in LEFT_OUT or needed not in found or (needed in reached and requirement.extras <= known):
                continue
            extras[needed] = known | frozenset(requirement.extras)
            waiting.append(needed)
    return reached


def _requirements(item: Mapping[str, Any], extras: Iterable[str], environment: Mapping[str, str]) -> list[Requirement]:
    requirements = [Requirement(text) for text in item["metadata"].get("requires_dist", ())]
    surroundings = [{**environment, "extra": extra} for extra in ("", *extras)]
    return [r for r in requirements if r.marker is None or any(r.marker.evaluate(one) for one in surroundings)]


def _pin(item: Mapping[str, Any]) -> Pin:
    name, version = item["metadata"]["name"], item["metadata"]["version"]
    sha256 = item["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
    if not sha256:
        raise UsageError(f"{name} {version}: the installation report has no SHA-256 of it")
    return Pin(canonicalize_name(name), version, sha256)


def main(arguments: Sequence[str]) -> None:
    """Print the lock of an installation report."""
    report = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    sys.stdout.write("# CPython 3.11, Linux x86-64. Made by nodulescope.apps.nodule_ct.packaging.lock; not to be edited.\n")
    sys.stdout.writelines(f"{pin.line()}\n" for pin in lock_from_report(report))


if __name__ == "__main__":
    main(sys.argv[1:])
