from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps
from nodulescope.bundles.preprocessing import CanonicalCTd, to_unit_range

GRADIENT = np.array([2.0, -3.0, 1.5])
"""HU per mm along the patient's left, back and head."""


def ramp(affine_lps: np.ndarray, shape: tuple[int, ...]) -> MetaTensor:
    """A CT whose value is a linear function of the place in the patient."""
    world = index_to_world(affine_lps, np.moveaxis(np.indices(shape), 0, -1))
    return MetaTensor(torch.tensor(world @ GRADIENT - 300.0, dtype=torch.float32)[None], affine=torch.as_tensor(swap_ras_lps(affine_lps)))


def turned(orientation: tuple[tuple[int, ...], tuple[int, ...]], spacing: tuple[float, ...]) -> np.ndarray:
    axes, signs = orientation
    affine = np.eye(4)
    affine[:3, :3] = 0.0
    affine[list(axes), range(3)] = np.array(signs) * spacing
    affine[:3, 3] = (10.0, -20.0, 30.0)
    return affine


def test_values_stay_at_their_place_in_the_patient(orientation: Any) -> None:
    image = ramp(turned(orientation, (0.7, 1.4, 2.5)), (22, 18, 12))
    canonical = CanonicalCTd("image")({"image": image})["image"]
    affine = canonical.affine.numpy()
    np.testing.assert_allclose(affine[:3, :3], np.eye(3), atol=1e-6)  # 1 mm, RAS
    world = index_to_world(swap_ras_lps(affine), np.moveaxis(np.indices(canonical.shape[1:]), 0, -1))
    inner = (slice(1, -2),) * 3  # the last voxel may lie half a step outside
    expected = (world @ GRADIENT - 300.0 + 1000.0) / 1400.0
    np.testing.assert_allclose(np.asarray(canonical[0])[inner], expected[inner], atol=2e-5)


def test_values_are_clipped_before_they_are_resampled() -> None:
    hu = torch.full((1, 8, 8, 8), -1000.0)
    hu[0, 4], hu[0, 5:] = -3024.0, 3000.0
    image = MetaTensor(hu, affine=torch.diag(torch.tensor([-2.0, -2.0, 2.0, 1.0], dtype=torch.float64)))
    canonical = CanonicalCTd("image")({"image": image})["image"]
    assert float(canonical.min()) == 0.0
    assert float(canonical.max()) == 1.0
    assert sorted({round(v, 3) for v in canonical[0, :, 4, 4].tolist()}) == [0.0, 0.5, 1.0]  # between air and metal: half way


def test_labels_keep_their_values() -> None:
    affine = torch.diag(torch.tensor([-2.0, -2.0, 3.0, 1.0], dtype=torch.float64))
    labels = MetaTensor(torch.randint(0, 3, (1, 9, 8, 7), generator=torch.Generator().manual_seed(0)).float(), affine=affine)
    item = CanonicalCTd("image", label_keys=["label"])({"image": MetaTensor(torch.zeros(1, 9, 8, 7), affine=affine), "label": labels})
    assert item["label"].shape == item["image"].shape
    assert set(torch.unique(item["label"]).tolist()) == {0.0, 1.0, 2.0}


def test_coarser_grids_where_a_bundle_asks_for_one() -> None:
    image = ramp(turned(((0, 1, 2), (1, 1, 1)), (1.0, 1.0, 1.0)), (31, 31, 31))
    canonical = CanonicalCTd("image", spacing_mm=3.0)({"image": image})["image"]
    assert canonical.shape == (1, 11, 11, 11)
    np.testing.assert_allclose(np.diag(canonical.affine)[:3], [3.0] * 3)


@pytest.mark.parametrize(("hu", "unit"), [(-3024.0, 0.0), (-1000.0, 0.0), (-300.0, 0.5), (400.0, 1.0), (3000.0, 1.0)])
def test_hounsfield_window(hu: float, unit: float) -> None:
    assert float(to_unit_range(torch.tensor(hu))) == unit
    assert float(to_unit_range(np.array(hu, np.float32))) == unit
