from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.bundles.coordinates import swap_ras_lps, world_to_index
from nodulescope.bundles.data.blended_datalist import write_blended_scans
from nodulescope.bundles.data.cube_datalist import fold_of
from nodulescope.bundles.data.host_scan import HostScan
from nodulescope.bundles.data.nodule_crops import NoduleCrop
from nodulescope.bundles.data.nodule_stacks import NoduleStack
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS

PATIENTS = [f"LIDC-IDRI-{n:04d}" for n in range(1, 30)]


Write = Callable[[Path], list[dict[str, Any]]]


@pytest.fixture
def write(make_stack: Callable[..., NoduleStack], make_crop: Callable[..., NoduleCrop], host_lung: HostScan) -> Write:
    def run(folder: Path) -> list[dict[str, Any]]:
        stacks = [make_stack(p, p, readers=1 if n % 3 == 0 else 3) for n, p in enumerate(PATIENTS)]
        crops = [make_crop(f"c{p}", p) for p in PATIENTS[:12]]
        list(write_blended_scans(folder, stacks, crops, host_lung, "LIDC-IDRI-0002", 2, nodules_per_scan=6))
        return list(json.loads((folder / "scans.json").read_text())["training"])

    return run


def test_boxes_lie_on_nodules_and_the_hosts_lesion_does_not_count(tmp_path: Path, write: Write) -> None:
    items = write(tmp_path)
    assert [i["image"] for i in items] == ["blended_000.nii.gz", "blended_001.nii.gz", "mosaic_000.nii.gz"]
    for item in items:
        image = nibabel.load(tmp_path / item["image"])
        hu = np.asarray(image.dataobj)
        for box, kind in zip(item["box"], item["box_class"], strict=True):
            center = np.rint(world_to_index(swap_ras_lps(image.affine), box[:3])).astype(int)
            if kind == NODULE_CLASS:
                assert hu[tuple(center)] > -100
                assert box[3:] == pytest.approx([10.0] * 3, abs=2.0)
            else:
                assert kind == IGNORED_CLASS
                np.testing.assert_array_equal(center, [40, 60, 55])
                assert box[3:] == [16.0] * 3
    assert sum(kind == NODULE_CLASS for item in items[:2] for kind in item["box_class"]) >= 2


def test_an_interrupted_run_goes_on(tmp_path: Path, write: Write) -> None:
    first = write(tmp_path)
    kept = (tmp_path / "blended_000.nii.gz").stat().st_mtime_ns
    (tmp_path / "mosaic_000.json").unlink()
    assert write(tmp_path) == first
    assert (tmp_path / "blended_000.nii.gz").stat().st_mtime_ns == kept


def test_nodules_of_the_validation_fold_stay_out(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    monkeypatch.setattr(
        "nodulescope.bundles.data.blended_datalist.transplant",
        lambda hu, lungs, stacks, rng, keep_free: used.extend(s.patient for s in stacks) or iter(()),
    )
    write(tmp_path)
    assert used
    assert all(fold_of(patient) != 0 and patient != "LIDC-IDRI-0002" for patient in used)
    assert not {p for n, p in enumerate(PATIENTS) if n % 3 == 0} & set(used)  # seen by one reader only
