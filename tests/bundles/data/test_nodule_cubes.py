from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.data.cube_datalist import CubeDatalist, fold_of
from nodulescope.bundles.data.host_scan import HostScan
from nodulescope.bundles.data.nodule_crops import NoduleCrop
from nodulescope.bundles.data.nodule_cubes import FREE_OF_NODULES_MM, write_nodule_cubes
from nodulescope.bundles.data.nodule_stacks import NoduleStack

HOST = "LIDC-IDRI-0002"


@pytest.fixture
def items(
    tmp_path: Path, make_stack: Callable[..., NoduleStack], make_crop: Callable[..., NoduleCrop], host_lung: HostScan
) -> list[dict[str, Any]]:
    cubes = CubeDatalist(tmp_path)
    stacks = [make_stack(f"s{n}", f"LIDC-IDRI-{n:04d}") for n in range(1, 13)]
    crops = [make_crop("c1", "LIDC-IDRI-0040"), make_crop("c2", HOST)]
    list(write_nodule_cubes(cubes, stacks, crops, host_lung, HOST, [np.array([100.0, 40.0, 50.0])]))
    parts = json.loads(cubes.write().read_text())
    assert all(fold_of(item["patient"]) != 0 for item in parts["training"] if item["nodule"])
    return [*parts["training"], *parts["validation"]]


def test_every_nodule_becomes_a_cube_but_the_hosts_own(tmp_path: Path, items: list[dict[str, Any]]) -> None:
    nodules = [item for item in items if item["nodule"]]
    assert sorted(i["image"] for i in nodules) == sorted([*(f"s{n}.nii" for n in range(1, 13) if n != 2), "c1.nii"])
    for item in nodules:
        hu = np.asarray(nibabel.load(tmp_path / item["image"]).dataobj)
        outline = np.asarray(nibabel.load(tmp_path / item["label"]).dataobj) > 0
        assert hu.shape == (64, 64, 64)
        assert float(hu[outline].mean()) > -200
        np.testing.assert_allclose(np.argwhere(outline).mean(axis=0), [31.5] * 3, atol=0.6)


def test_empty_places_train_only_and_see_no_nodule(tmp_path: Path, items: list[dict[str, Any]]) -> None:
    empty = [item for item in items if not item["nodule"]]
    assert len(empty) == 3
    assert all(item["patient"] == HOST and item["training_only"] for item in empty)
    for item in empty:
        middle = np.asarray(nibabel.load(tmp_path / item["image"]).dataobj)[26:38, 26:38, 26:38]
        assert float(middle.mean()) < -500
    assert FREE_OF_NODULES_MM > 46 / 2  # more than the grading network sees
