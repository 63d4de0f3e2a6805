from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, LungMask
from nodulescope.operators.examination import Side
from nodulescope.operators.measurement import pleura_distance_mm, refine

CENTER = np.array([10.0, -20.0, 30.0])
"""Where ``make_outline`` puts its cube."""


def lung_of(
    wall_mm: float = 200.0,
    spacing: Sequence[float] = (0.8, 0.8, 1.25),
    hole_mm: float = 0.0,
    vessel_mm: float = 0.0,
    bottom_mm: float = -60.0,
) -> LungMask:
    """A left lung of 120 mm: its wall lies ``wall_mm`` to the left of the point, a hole of ``hole_mm`` diameter around the point and a
    tube of ``vessel_mm`` diameter 12 mm behind it are left out; the scan begins at ``bottom_mm`` below it.
    """
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = CENTER + np.array([-60.3, -60.2, bottom_mm])
    shape = tuple(int(n) for n in np.array([120.0, 120.0, 60.0 - bottom_mm]) / spacing)
    x, y, z = (np.moveaxis(np.indices(shape), 0, -1) * spacing + affine[:3, 3] - CENTER).transpose(3, 0, 1, 2)
    inside = (x < wall_mm) & (x > -55) & (np.abs(y) < 55) & (z < 55)
    inside &= np.sqrt(x**2 + y**2 + z**2) >= hole_mm / 2
    inside &= np.hypot(y - 12, z) >= vessel_mm / 2
    return LungMask((inside * LEFT_LUNG).astype(np.uint8), affine, True)


@pytest.mark.parametrize("spacing", [(0.7, 0.7, 1.0), (0.8, 0.8, 5.0)])
@pytest.mark.parametrize("distance", [2.0, 5.5, 14.0, 31.0])
def test_the_distance_from_a_flat_wall(make_outline, distance, spacing):
    nodule = refine(make_outline((8.0, 8.0, 8.0)))
    assert pleura_distance_mm(nodule, lung_of(4 + distance, spacing), Side.LEFT) == pytest.approx(
        distance, abs=0.6 if distance < 12 else 1.0
    )


def test_a_nodule_on_the_wall_touches_it_whether_the_labels_hold_it_or_not(make_outline):
    nodule = refine(make_outline((8.0, 8.0, 8.0)))
    assert pleura_distance_mm(nodule, lung_of(3.0), Side.LEFT) == 0.0
    assert pleura_distance_mm(nodule, lung_of(-4.0), Side.LEFT) == 0.0, "all of it lies outside the labels"


def test_a_nodule_that_the_labels_leave_out_is_no_hole_in_the_lung(make_outline):
    nodule = refine(make_outline((8.0, 8.0, 8.0)))
    assert pleura_distance_mm(nodule, lung_of(14.0, hole_mm=12.0), Side.LEFT) == pytest.approx(10.0, abs=0.6)


def test_a_vessel_that_the_labels_leave_out_is_no_pleura(make_outline):
    nodule = refine(make_outline((8.0, 8.0, 8.0)))
    assert pleura_distance_mm(nodule, lung_of(19.0, vessel_mm=7.0), Side.LEFT) == pytest.approx(15.0, abs=1.0)


def test_the_end_of_the_scan_is_no_pleura(make_outline):
    nodule = refine(make_outline((8.0, 8.0, 8.0)))
    assert pleura_distance_mm(nodule, lung_of(16.0, bottom_mm=-6.0), Side.LEFT) == pytest.approx(12.0, abs=0.6)


def test_an_edge_of_the_lung_counts_in_any_direction(make_outline):
    nodule = refine(make_outline((8.0, 8.0, 8.0), center=(10.0, -27.0, 39.0)))
    assert pleura_distance_mm(nodule, lung_of(), Side.LEFT) == pytest.approx(55 - 9 - 4, abs=1.3), "half a step of the coarsest grid"


def test_without_a_surface_in_reach_there_is_no_distance(make_outline):
    nodule = refine(make_outline((8.0, 8.0, 8.0)))
    everywhere = LungMask(np.full((40, 40, 40), RIGHT_LUNG, np.uint8), np.diag([2.0, 2.0, 2.0, 1.0]), False)
    assert pleura_distance_mm(nodule, everywhere, Side.RIGHT) is None
