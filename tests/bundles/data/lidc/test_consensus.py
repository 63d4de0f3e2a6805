from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nodulescope.bundles.data.lidc.consensus import ball_diameter_mm, centroid_lps, consensus, readers_average, shrunk
from nodulescope.bundles.data.lidc.markings import NoduleMark
from nodulescope.bundles.data.lidc.nodules import MarkedNodule
from nodulescope.bundles.data.lidc.regions import Region, region_of

Mark = Callable[..., NoduleMark]
Square = Callable[..., list[tuple[int, int]]]


@pytest.fixture
def nodule(mark: Mark, square: Square) -> MarkedNodule:
    """Reader r encloses (2 r + 1)² pixels around (20, 20), on one slice; reader 3 draws on the next slice too."""
    marks = tuple(mark({"k0": square(20, 20, r + 1), **({"k1": square(20, 20, 2)} if r == 3 else {})}, r) for r in range(4))
    return MarkedNodule(marks, tuple(region_of(one, {"k0": 0, "k1": 1}) for one in marks))


@pytest.mark.parametrize(("agreement", "voxels"), [(0.01, 49 + 9), (0.25, 49 + 9), (0.26, 25), (0.5, 25), (0.75, 9), (0.76, 1), (1.0, 1)])
def test_enough_of_the_readers_count_a_voxel_in(nodule: MarkedNodule, agreement: float, voxels: int) -> None:
    region = consensus(nodule, agreement)
    assert region is not None
    assert region.inside.sum() == voxels
    assert region.inside.any(axis=(1, 2)).all() and region.inside.any(axis=(0, 2)).all() and region.inside.any(axis=(0, 1)).all()
    assert (20, 20, 0) in set(map(tuple, region.indices.tolist()))


def test_a_share_that_was_rounded_is_met(nodule: MarkedNodule) -> None:
    three = MarkedNodule(nodule.marks[:3], nodule.regions[:3])
    region = consensus(three, 0.66666667)
    assert region is not None
    assert region.inside.sum() == 9


def test_readers_may_agree_on_nothing(mark: Mark, square: Square) -> None:
    marks = tuple(mark({"k0": square(column, 20, 3)}, reader) for reader, column in enumerate((10, 14, 18)))
    nodule = MarkedNodule(marks, tuple(region_of(one, {"k0": 0}) for one in marks))
    assert consensus(nodule, 1.0) is None
    assert shrunk(Region((0, 0, 0), np.zeros((2, 2, 2), bool))) is None


def test_place_and_size_in_millimetres() -> None:
    affine = np.diag([-0.5, 0.5, 2.0, 1.0])
    affine[:3, 3] = (100.0, -50.0, 10.0)
    region = Region((4, 6, 1), np.ones((3, 3, 2), bool))
    np.testing.assert_allclose(centroid_lps(region, affine), (100 - 0.5 * 5, -50 + 0.5 * 7, 10 + 2 * 1.5))
    assert ball_diameter_mm(region, affine) == pytest.approx((6 * 18 * 0.5 / np.pi) ** (1 / 3))


def test_the_readers_average_is_of_centres_and_of_diameters(mark: Mark, square: Square) -> None:
    marks = (mark({"k0": square(10, 10, 2)}, 0), mark({"k0": square(14, 10, 4)}, 1))
    nodule = MarkedNodule(marks, tuple(region_of(one, {"k0": 0}) for one in marks))
    center, diameter = readers_average(nodule, np.diag([1.0, 1.0, 1.0, 1.0]))
    np.testing.assert_allclose(center, (12.0, 10.0, 0.0))
    assert diameter == pytest.approx((np.cbrt(6 * 9 / np.pi) + np.cbrt(6 * 49 / np.pi)) / 2)
