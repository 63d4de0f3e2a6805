from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from nodulescope.bundles.metrics.overlap import overlap


def cuboid(start: tuple[int, int, int], stop: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros((20, 18, 16), bool)
    mask[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = True
    return mask


def surface_distances(one: np.ndarray, other: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """From each surface voxel of the first to the nearest of the second, written out with a distance transform."""
    inner, outer = (mask & ~ndimage.binary_erosion(mask) for mask in (one, other))
    return ndimage.distance_transform_edt(~outer, sampling=spacing)[inner]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 1.3, 2.5)])
def test_against_the_definitions(spacing: tuple[float, float, float]) -> None:
    one, other = cuboid((3, 4, 5), (10, 12, 11)), cuboid((5, 3, 5), (13, 11, 12))
    found = overlap(one, other, spacing)
    assert found.dice == pytest.approx(2 * (one & other).sum() / (one.sum() + other.sum()))
    there, back = surface_distances(one, other, spacing), surface_distances(other, one, spacing)
    assert found.mean_surface_distance_mm == pytest.approx(np.concatenate([there, back]).mean(), rel=1e-5)
    assert found.hausdorff95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), rel=1e-5)
    assert found.volume_mm3 == pytest.approx(one.sum() * np.prod(spacing))
    assert found.volume_error == pytest.approx(one.sum() / other.sum() - 1)


def test_the_same_mask_agrees_at_the_border_of_the_image_too() -> None:
    mask = cuboid((0, 0, 0), (4, 18, 16))
    found = overlap(mask, mask, (1.0, 1.0, 1.0))
    assert (found.dice, found.mean_surface_distance_mm, found.hausdorff95_mm, found.volume_error) == (1.0, 0.0, 0.0, 0.0)


def test_empty_masks_have_no_surface() -> None:
    full, none = cuboid((3, 4, 5), (6, 7, 8)), cuboid((0, 0, 0), (0, 0, 0))
    missed, invented, both = overlap(none, full, (1, 1, 1)), overlap(full, none, (1, 1, 1)), overlap(none, none, (1, 1, 1))
    assert (missed.dice, invented.dice, both.dice) == (0.0, 0.0, 1.0)
    assert all(math.isnan(o.hausdorff95_mm) and math.isnan(o.mean_surface_distance_mm) for o in (missed, invented, both))
    assert missed.volume_error == -1.0
    assert math.isnan(invented.volume_error)
