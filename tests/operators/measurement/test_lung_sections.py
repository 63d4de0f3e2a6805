from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, LungMask
from nodulescope.operators.examination import Region, Side, Third
from nodulescope.operators.measurement import LungSections


def lungs_of(affine, shape, fully_covered=True) -> LungMask:
    """Two boxes 60 mm wide, 90 mm deep and 150 mm high: 10 to 70 mm beside x = 0, y from -45 to 45, z from 0 to 150."""
    x, y, z = (np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T + affine[:3, 3]).transpose(3, 0, 1, 2)
    inside = (np.abs(y) <= 45) & (z >= 0) & (z <= 150) & (np.abs(x) >= 10) & (np.abs(x) <= 70)
    return LungMask((inside * np.where(x < 0, RIGHT_LUNG, LEFT_LUNG)).astype(np.uint8), affine, fully_covered)


def lying(axes, signs) -> LungMask:
    """The boxes on a grid whose axes lie along the patient's in some order and direction."""
    spacing = np.array([1.5, 1.5, 2.5])
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, list(axes)] * np.array(signs) * spacing
    half = np.array([80.0, 55.0, 85.0])
    shape = tuple(int(2 * half[axis] / spacing[n]) + 1 for n, axis in enumerate(axes))
    affine[:3, 3] = np.array([0.0, 0.0, 75.0]) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return lungs_of(affine, shape)


@pytest.fixture(scope="module", params=[((0, 1, 2), (1, 1, 1)), ((0, 1, 2), (-1, -1, -1)), ((2, 0, 1), (1, -1, 1))], ids=str)
def sections(request):
    return LungSections(lying(*request.param))


@pytest.mark.parametrize(("z", "third"), [(-5, Third.LOWER), (40, Third.LOWER), (60, Third.MIDDLE), (95, Third.MIDDLE), (110, Third.UPPER)])
def test_the_third_of_the_height(sections, z, third):
    assert sections.third(Side.RIGHT, (-40.0, 0.0, z)) is third


@pytest.mark.parametrize(
    ("lateral", "y", "region"),
    [
        (40, 0, Region.CENTRAL),
        (40, -30, Region.ANTERIOR),
        (40, 30, Region.POSTERIOR),
        (62, 0, Region.LATERAL),
        (18, 0, Region.MEDIAL),
        (62, -30, Region.ANTEROLATERAL),
        (18, -30, Region.ANTEROMEDIAL),
        (62, 30, Region.POSTEROLATERAL),
        (18, 30, Region.POSTEROMEDIAL),
        (80, 60, Region.POSTEROLATERAL),
    ],
)
@pytest.mark.parametrize(("side", "sign"), [(Side.RIGHT, -1), (Side.LEFT, 1)])
def test_the_region_of_the_section(sections, side, sign, lateral, y, region):
    assert sections.region(side, (sign * lateral, y, 70.0)) is region


def test_a_point_above_the_apex_is_placed_by_the_highest_section(sections):
    assert sections.region(Side.LEFT, (62.0, 30.0, 190.0)) is Region.POSTEROLATERAL


def test_heights_of_lungs_that_are_cut_off_are_not_told():
    affine = np.diag([2.0, 2.0, 2.5, 1.0])
    affine[:3, 3] = (-80.0, -50.0, 20.0)
    sections = LungSections(lungs_of(affine, (81, 51, 30), fully_covered=False))
    assert sections.third(Side.RIGHT, (-40.0, 0.0, 60.0)) is None
    assert sections.region(Side.RIGHT, (-62.0, 0.0, 60.0)) is Region.LATERAL


def test_a_lung_that_is_missing_tells_nothing():
    mask = lying((0, 1, 2), (1, 1, 1))
    sections = LungSections(LungMask(mask.labels * (mask.labels == RIGHT_LUNG), mask.affine_lps, True))
    assert sections.third(Side.LEFT, (40.0, 0.0, 60.0)) is None
    assert sections.region(Side.LEFT, (40.0, 0.0, 60.0)) is Region.CENTRAL
