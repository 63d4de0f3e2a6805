from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.metrics.cube_batches import cubes_in_batches


@pytest.fixture
def cubes(tmp_path: Path) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    items = []
    for number in range(3):
        hu = rng.integers(-1000, 400, (12, 12, 12)).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(hu, np.eye(4)), tmp_path / f"{number}.nii")
        nibabel.save(nibabel.Nifti1Image((hu > 0).astype(np.uint8), np.eye(4)), tmp_path / f"{number}_outline.nii")
        items.append({"image": str(tmp_path / f"{number}.nii"), "label": str(tmp_path / f"{number}_outline.nii"), "patient": "p"})
    return items


def test_the_middle_of_each_cube_leaves_unchanged(cubes: list[dict[str, Any]]) -> None:
    batches = list(cubes_in_batches(cubes, 8, 2, outline=True))
    assert [tuple(batch["image"].shape) for batch in batches] == [(2, 1, 8, 8, 8), (1, 1, 8, 8, 8)]
    hu = np.asarray(nibabel.load(cubes[2]["image"]).dataobj)[2:10, 2:10, 2:10]
    np.testing.assert_allclose(batches[1]["image"][0, 0], (hu + 1000) / 1400, atol=1e-3)  # cached in half precision
    np.testing.assert_array_equal(batches[1]["label"][0, 0], hu > 0)
    assert batches[0]["image"].dtype == torch.float32
    assert set(next(cubes_in_batches(cubes, 8, 2, outline=False))) == {"image"}


def test_what_is_no_cube_is_named(cubes: list[dict[str, Any]], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"0\.nii: 12 x 12 x 12 voxels of 1 mm; the network needs 16"):
        next(cubes_in_batches(cubes, 16, 2, outline=False))
    (tmp_path / "bad.nii").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"bad\.nii: cannot be read as a cube"):
        next(cubes_in_batches([{"image": str(tmp_path / "bad.nii")}], 8, 2, outline=False))


def test_nan_is_named(tmp_path: Path) -> None:
    hu = np.zeros((8, 8, 8), np.float32)
    hu[4, 4, 4] = np.nan
    nibabel.save(nibabel.Nifti1Image(hu, np.eye(4)), tmp_path / "nan.nii")
    with pytest.raises(InputError, match=r"nan\.nii: .*NaN"):
        next(cubes_in_batches([{"image": str(tmp_path / "nan.nii")}], 8, 1, outline=False))
