from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps
from nodulescope.bundles.preprocessing import CubeAroundd, cube_affine_ras

GRADIENT = np.array([2.0, -3.0, 1.5])
CENTER = np.array([25.3, -8.6, 41.2])


def ramp(orientation: Any, spacing: tuple[float, ...] = (0.7, 1.4, 2.5), shape: tuple[int, ...] = (90, 45, 26)) -> MetaTensor:
    axes, signs = orientation
    affine = np.eye(4)
    affine[:3, :3] = 0.0
    affine[list(axes), range(3)] = np.array(signs) * spacing
    affine[:3, 3] = CENTER - affine[:3, :3] @ (np.array(shape) / 2)  # the centre lies about the middle of the scan
    world = index_to_world(affine, np.moveaxis(np.indices(shape), 0, -1))
    return MetaTensor(
        torch.tensor((world - CENTER) @ GRADIENT - 300.0, dtype=torch.float32)[None], affine=torch.as_tensor(swap_ras_lps(affine))
    )


@pytest.mark.parametrize("magnification", [1.0, 1.5])
def test_values_stay_at_their_place_in_the_patient(orientation: Any, magnification: float) -> None:
    item = CubeAroundd("image", size=16)({"image": ramp(orientation), "center_lps_mm": CENTER.tolist(), "magnification": magnification})
    cube = item["image"]
    assert cube.shape == (1, 16, 16, 16)
    affine = swap_ras_lps(cube.affine.numpy())
    np.testing.assert_allclose(index_to_world(affine, [7.5] * 3), CENTER, atol=1e-6)
    np.testing.assert_allclose(affine[:3, :3], np.diag([-1.0, -1.0, 1.0]) * magnification)
    world = index_to_world(affine, np.moveaxis(np.indices((16, 16, 16)), 0, -1))
    np.testing.assert_allclose(np.asarray(cube[0]), ((world - CENTER) @ GRADIENT + 700.0) / 1400.0, atol=2e-5)


def test_a_cube_does_not_depend_on_how_the_scan_is_stored(orientation: Any) -> None:
    place = {"center_lps_mm": CENTER.tolist()}
    straight = CubeAroundd("image", size=20)({"image": ramp(((0, 1, 2), (1, 1, 1))), **place})["image"]
    other = CubeAroundd("image", size=20)({"image": ramp(orientation), **place})["image"]
    torch.testing.assert_close(other.as_tensor(), straight.as_tensor(), atol=5e-5, rtol=0)


def test_outside_the_scan_there_is_air() -> None:
    image = MetaTensor(torch.full((1, 20, 20, 20), 400.0), affine=torch.diag(torch.tensor([-1.0, -1.0, 1.0, 1.0], dtype=torch.float64)))
    beyond = CubeAroundd("image", size=16)({"image": image, "center_lps_mm": [500.0, 0.0, 0.0]})["image"]
    assert float(beyond.abs().max()) == 0.0
    at_the_edge = CubeAroundd("image", size=16)({"image": image, "center_lps_mm": [9.5, 9.5, 0.0]})["image"][0]
    assert float(at_the_edge[8, 8, 8:].min()) == 1.0
    assert float(at_the_edge[8, 8, :7].max()) == 0.0


def test_labels_are_cut_along_without_new_values() -> None:
    image = ramp(((0, 1, 2), (1, 1, 1)))
    label = MetaTensor((image.as_tensor() > -300).float() * 2, affine=image.affine)
    item = CubeAroundd("image", size=16, label_keys=["label"])({"image": image, "label": label, "center_lps_mm": CENTER.tolist()})
    assert set(torch.unique(item["label"]).tolist()) == {0.0, 2.0}
    agree = (item["label"].as_tensor() > 0) == (item["image"].as_tensor() > 0.5)
    assert float(agree.float().mean()) > 0.8  # nearest neighbour on 2.5 mm slices


def test_affine_of_a_cube() -> None:
    affine = swap_ras_lps(cube_affine_ras((1.0, 2.0, 3.0), 5, 2.0))
    np.testing.assert_allclose(index_to_world(affine, [2.0, 2.0, 2.0]), [1.0, 2.0, 3.0])
    np.testing.assert_allclose(index_to_world(affine, [0.0, 0.0, 0.0]), [5.0, 6.0, -1.0])
