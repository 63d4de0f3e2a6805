from __future__ import annotations

from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nodulescope.apps.nodule_ct.packaging.lock import ACCELERATORS, LEFT_OUT, lock_from_report, read_lock
from nodulescope.apps.nodule_ct.packaging.pin import Pin
from nodulescope.bundles.errors import UsageError

ROOT = Path(__file__).parents[4]

OF_CUDA = {"nvidia-cuda-runtime"}
"""Pinned by PyTorch's CUDA build itself."""


def item(name: str, *needs: str, digest: str = "a" * 64) -> dict[str, Any]:
    metadata = {"name": name, "version": "1.0", "requires_dist": list(needs)}
    return {"metadata": metadata, "download_info": {"archive_info": {"hashes": {"sha256": digest} if digest else {}}}}


def report(*items: dict[str, Any]) -> dict[str, Any]:
    return {"version": "1", "environment": {"python_version": "3.11", "sys_platform": "linux"}, "install": list(items)}


def test_what_is_left_out_takes_along_what_only_it_needs() -> None:
    found = report(
        item("nodulescope", "torch", "cupy-cuda13x; extra == 'app'", "ray; extra == 'cluster'"),
        item("torch", "Sym_Py>=1", "numpy"),
        item("cupy-cuda13x", "cuda-pathfinder", "numpy"),
        item("cuda-pathfinder"),
        item("sym-py", "never; sys_platform == 'win32'"),
        item("numpy"),
        item("ray"),
        item("never"),
    )
    assert [pin.name for pin in lock_from_report(found)] == ["numpy", "sym-py", "torch"]


def test_extras_are_followed_whichever_way_they_are_asked_for() -> None:
    found = report(
        item("nodulescope", "plain", "rich[all]; extra == 'app'"),
        item("plain", "rich"),
        item("rich", "more; extra == 'all'"),
        item("more", digest="b" * 64),
    )
    assert lock_from_report(found)[0] == Pin("more", "1.0", "b" * 64)


def test_a_report_that_cannot_make_a_lock_is_refused() -> None:
    with pytest.raises(UsageError, match="does not hold nodulescope"):
        lock_from_report(report(item("torch")))
    with pytest.raises(UsageError, match=r"torch 1\.0: the installation report has no SHA-256"):
        lock_from_report(report(item("nodulescope", "torch"), item("torch", digest="")))
    with pytest.raises(UsageError, match="no such accelerator"):
        read_lock("tpu")


@pytest.mark.parametrize("accelerator", ACCELERATORS)
def test_the_lock_has_the_versions_that_are_tested(accelerator: str) -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pins = read_lock(accelerator)
    assert list(pins) == sorted(pins)
    differing = {p.name: p.version for p in pins if p.name in tested and p.public_version != tested[p.name]}
    assert differing.keys() <= (OF_CUDA | {name for name in differing if name.startswith("cuda-")} if accelerator == "cuda" else set())
    assert {p.name for p in pins} - set(tested) == (
        {p.name for p in pins if p.name.startswith(("nvidia-", "cuda-", "triton"))} - set(tested)
    )


def test_the_lock_for_the_cpu_has_no_library_for_the_gpu_but_the_one_that_holoscan_loads() -> None:
    assert [pin.name for pin in read_lock("cpu") if pin.name.startswith(("nvidia", "cuda", "cupy"))] == ["nvidia-cuda-runtime"]
    (torch,) = [pin for pin in read_lock("cpu") if pin.name == "torch"]
    assert torch.version.endswith("+cpu")


@pytest.mark.parametrize("accelerator", ACCELERATORS)
def test_every_direct_dependency_is_in_the_lock_or_left_out_for_a_reason(accelerator: str) -> None:
    wanted = [Requirement(text) for text in requires("nodulescope") or ()]
    direct = {canonicalize_name(r.name) for r in wanted if r.marker is None or r.marker.evaluate({"extra": "app"})}
    assert direct - {pin.name for pin in read_lock(accelerator)} <= LEFT_OUT.keys()
