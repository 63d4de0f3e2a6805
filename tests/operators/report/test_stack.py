from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nodulescope.operators.examination import Examination
from nodulescope.operators.report.stack import TILE_PIXELS, field_of_view_mm, nodule_stack, slice_grid


def test_slices_are_those_of_the_ct(examination: Examination) -> None:
    grid = slice_grid(examination.ct, examination.nodules[0])  # 32 mm long: 16 + 12 mm each way, 2.5 mm apart
    assert len(grid.z_mm) == 25
    np.testing.assert_allclose(np.diff(grid.z_mm), 2.5)
    assert grid.z_mm[grid.start] == pytest.approx(-225.0)
    assert grid.image_index[grid.start] == 30
    assert [-300 + 2.5 * index for index in grid.image_index if index is not None] == pytest.approx(list(grid.z_mm))


def test_the_scan_ends_the_stack(examination: Examination) -> None:
    nodule = examination.nodules[1]
    low = replace(nodule, measurements=replace(nodule.measurements, center_lps_mm=(0.0, 0.0, -294.0)))
    grid = slice_grid(examination.ct, low)
    assert grid.z_mm[0] == pytest.approx(-300.0)
    assert grid.image_index[: grid.start + 1] == (0, 1, 2)


def test_thin_slices_are_thinned_out_and_the_order_is_always_feet_first(examination: Examination) -> None:
    affine = np.diag([2.0, 2.0, -0.5, 1.0])
    affine[:3, 3] = (-119, -99, -210)
    ct = replace(examination.ct, affine_lps=affine)
    grid = slice_grid(ct, replace(examination.nodules[1], measurements=examination.nodules[1].measurements))
    assert (np.diff(grid.z_mm) > 0).all()
    np.testing.assert_allclose(np.diff(grid.z_mm), 1.0)
    assert all(-210 - 0.5 * k == pytest.approx(z) for k, z in zip(grid.image_index, grid.z_mm, strict=True) if k is not None)


def test_tilted_slices_name_no_slice(examination: Examination) -> None:
    tilt = np.radians(15)
    affine = examination.ct.affine_lps.copy()
    affine[:3, 1] = 2.0 * np.array([0, np.cos(tilt), np.sin(tilt)])
    grid = slice_grid(replace(examination.ct, affine_lps=affine), examination.nodules[0])
    assert set(grid.image_index) == {None}
    assert grid.z_mm[grid.start] == pytest.approx(-225.0)


def test_tiles_show_the_nodule_in_the_middle_and_outlines_follow(examination: Examination) -> None:
    stack = nodule_stack(examination.ct, examination.nodules[0])
    assert stack.tiles.shape == (25, TILE_PIXELS, TILE_PIXELS) and (stack.columns, stack.pixels) == (5, TILE_PIXELS)
    tile = stack.tiles[stack.grid.start].astype(int)
    middle = TILE_PIXELS // 2
    assert 180 < tile[middle, middle] < 200  # 30 HU: 127.5 + 190 / 400 * 127.5 = 188
    assert 45 < tile[middle, middle - 60] < 62  # lung at 20 mm from the centre of a ball of 16 mm: 500 / 1190 * 127.5 = 54
    drawn = [bool(path) for path in stack.outlines]
    heights = np.asarray(stack.grid.z_mm)
    assert drawn == [abs(z + 225) < 16.1 for z in heights]


def test_a_mass_gets_a_wider_field(examination: Examination) -> None:
    nodule = examination.nodules[0]
    assert field_of_view_mm(nodule) == 64.0
    big = replace(nodule, measurements=replace(nodule.measurements, long_axis_mm=70.0))
    assert field_of_view_mm(big) == pytest.approx(112.0)
