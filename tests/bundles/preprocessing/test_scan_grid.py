from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, Invertd

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.preprocessing import CanonicalCTd, ScanGridd
from nodulescope.bundles.preprocessing.scan_grid import resample_parallel

MakeCT = Callable[..., CTVolume]


def canonical(ct: CTVolume, spacing_mm: float) -> tuple[Compose, dict[str, Any]]:
    """The transform, and the item it leaves, with a map on its grid."""
    affine = torch.as_tensor(swap_ras_lps(ct.affine_lps))
    image = MetaTensor(torch.from_numpy(ct.hu)[None], affine=affine, meta={"original_affine": affine, "spatial_shape": ct.shape})
    transform = CanonicalCTd("image", spacing_mm=spacing_mm)
    item: dict[str, Any] = transform({"image": image})
    generator = torch.Generator().manual_seed(0)
    item["pred"] = MetaTensor(torch.rand(2, *item["image"].shape[1:], generator=generator), meta=item["image"].meta)
    return transform, item


@pytest.mark.parametrize("spacing_mm", [1.0, 3.0])
def test_the_way_back_is_monais_own(spacing_mm: float, make_ct: MakeCT, orientation: Any) -> None:
    ct = make_ct(orientation=orientation, spacing=(1.25, 0.75, 2.5))
    transform, item = canonical(ct, spacing_mm)
    expected = Invertd("pred", transform, orig_keys="image", nearest_interp=False, to_tensor=True)(dict(item))["pred"]
    found = ScanGridd("pred")(item)["pred"]
    assert found.shape == expected.shape == (2, *ct.shape)
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), atol=1e-4)
    np.testing.assert_allclose(found.affine, swap_ras_lps(ct.affine_lps), atol=1e-6)


def test_a_tilted_scan_is_parallel_to_its_own_canonical_grid(make_ct: MakeCT) -> None:
    angle = np.radians(20)
    tilt = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    ct = make_ct(rotation=tilt, spacing=(1.25, 0.75, 2.5))
    transform, item = canonical(ct, 1.0)
    expected = Invertd("pred", transform, orig_keys="image", nearest_interp=False, to_tensor=True)(dict(item))["pred"]
    np.testing.assert_allclose(np.asarray(ScanGridd("pred")(item)["pred"]), np.asarray(expected), atol=1e-4)


def test_grids_that_are_turned_against_each_other_are_refused() -> None:
    angle = np.radians(5)
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    with pytest.raises(ValueError, match="turned against each other"):
        resample_parallel(torch.zeros(1, 4, 4, 4), np.eye(4), turned, (4, 4, 4))


def test_grids_whose_axes_would_coincide_are_refused() -> None:
    skewed = np.array([[1.0, 1.0, 0, 0], [0, 1e-9, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    with pytest.raises(ValueError, match="turned against each other"):
        resample_parallel(torch.zeros(1, 4, 4, 4), np.eye(4), skewed, (4, 4, 4))


def test_beyond_the_border_its_value_goes_on() -> None:
    values = torch.arange(4.0).reshape(1, 4, 1, 1)
    there = np.diag([0.5, 1.0, 1.0, 1.0])
    there[0, 3] = -1.0
    found = resample_parallel(values, np.eye(4), there, (11, 1, 1))
    assert found.flatten().tolist() == [0, 0, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3, 3]


def test_one_voxel_is_the_same_everywhere() -> None:
    assert resample_parallel(torch.full((1, 1, 1, 1), 7.0), np.eye(4), np.eye(4), (2, 3, 4)).unique().tolist() == [7.0]
