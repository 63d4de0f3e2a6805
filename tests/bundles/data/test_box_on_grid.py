from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.data.box_on_grid import lies_outside, reach_beyond_mm, voxel_extent
from nodulescope.bundles.data.phantom_datalist import box_of

SHAPE = (20, 30, 40)


def affine(axes: tuple[int, ...] = (0, 1, 2), signs: tuple[int, ...] = (1, 1, 1)) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = 0.0
    matrix[list(axes), range(3)] = np.array(signs) * (0.5, 1.0, 2.5)
    matrix[:3, 3] = (-12.5, 40.0, -300.0)
    return matrix


def test_the_extent_of_a_box_is_that_of_the_voxels_it_was_made_from(orientation: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    voxels = np.zeros(SHAPE, bool)
    voxels[3:7, 10:11, 20:26] = True
    grid = affine(*orientation)
    low, high = voxel_extent(box_of(voxels, grid), grid)
    np.testing.assert_allclose(low, (2.5, 9.5, 19.5), atol=1e-9)
    np.testing.assert_allclose(high, (6.5, 10.5, 25.5), atol=1e-9)


@pytest.mark.parametrize(
    ("z", "outside", "beyond"), [(-300.0, False, 8.75), (-306.2, False, 14.95), (-311.3, True, 20.05), (-250.0, False, 0.0)]
)
def test_boxes_at_the_border(z: float, outside: bool, beyond: float) -> None:
    # The first slice, of 2.5 mm, ends at z = -301.25; the box is 20 mm high.
    box = [-10.0, 50.0, z, 4.0, 4.0, 20.0]
    assert lies_outside(box, affine(), SHAPE) is outside
    assert reach_beyond_mm(box, affine(), SHAPE) == pytest.approx(beyond)
