from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import disk, polygon, polygon_perimeter

from nodulescope.bundles.data.lidc.markings import NoduleMark, ScanMarkings
from nodulescope.bundles.data.lidc.regions import Region, box_around, enclosed, region_of, slices_by_position

Mark = Callable[..., NoduleMark]
Square = Callable[..., list[tuple[int, int]]]


def pixels(points: list[tuple[int, int]]) -> set[tuple[int, int]]:
    start, inside = enclosed(np.array(points, dtype=np.intp))
    return {(int(i), int(j)) for i, j in np.argwhere(inside) + start}


def test_the_line_itself_is_outside_the_nodule(square: Square) -> None:
    assert pixels(square(10, 20, 2)) == {(i, j) for i in (9, 10, 11) for j in (19, 20, 21)}


def test_a_line_whose_pixels_touch_by_corners_has_no_holes() -> None:
    assert pixels([(1, 0), (2, 1), (1, 2), (0, 1)]) == {(1, 1)}


def test_gaps_in_a_line_are_closed() -> None:
    assert pixels([(0, 0), (4, 0), (4, 4), (0, 4)]) == {(i, j) for i in (1, 2, 3) for j in (1, 2, 3)}


def test_an_open_line_is_closed_between_its_ends(square: Square) -> None:
    line = square(10, 10, 3)[:-6]
    assert {(10, 10), (9, 9), (11, 11)} <= pixels(line)


def test_a_line_on_which_the_pen_went_back_encloses_its_body_only(square: Square) -> None:
    spike = [(8, 4), (9, 4), (10, 4), (9, 4), (8, 4)]
    line = square(6, 4, 2)
    at = line.index((8, 4))
    assert pixels(line[:at] + spike + line[at + 1 :]) == pixels(line)


@settings(max_examples=25)
@given(st.integers(2, 12), st.integers(20, 50), st.integers(20, 50))
def test_discs_are_filled_up_to_the_line(radius: int, column: int, row: int) -> None:
    i, j = polygon_perimeter(*disk_corners(radius, column, row))
    whole = set(zip(*map(np.ndarray.tolist, polygon(*disk_corners(radius, column, row))), strict=True))
    line = set(zip(i.tolist(), j.tolist(), strict=True))
    assert pixels(list(zip(i.tolist(), j.tolist(), strict=True))) == whole - line
    assert len(whole - line) <= len(disk((0, 0), radius + 0.5)[0])


def disk_corners(radius: int, column: int, row: int) -> tuple[list[float], list[float]]:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return (np.rint(column + radius * np.cos(angle)).tolist(), np.rint(row + radius * np.sin(angle)).tolist())


def test_a_mark_is_a_region_on_the_scans_grid(mark: Mark, square: Square) -> None:
    region = region_of(mark({"k3": square(10, 20, 2), "k5": square(11, 20, 1)}), {"k3": 3, "k4": 4, "k5": 5})
    assert sorted(map(tuple, region.indices.tolist())) == sorted([(i, j, 3) for i in (9, 10, 11) for j in (19, 20, 21)] + [(11, 20, 5)])


def test_a_hole_is_taken_away_wherever_the_file_names_it(mark: Mark, square: Square) -> None:
    region = region_of(mark({"k0": square(10, 10, 4)}, holes={"k0": square(10, 10, 2)}), {"k0": 0})
    assert region.inside.sum() == 7 * 7 - 3 * 3
    assert (10, 10, 0) not in set(map(tuple, region.indices.tolist()))


def test_lines_that_enclose_nothing_are_the_nodule(mark: Mark) -> None:
    region = region_of(mark({"k0": [(5, 6), (6, 6), (6, 7)], "k1": [(5, 6)]}), {"k0": 0, "k1": 1})
    assert sorted(map(tuple, region.indices.tolist())) == [(5, 6, 0), (5, 6, 1), (6, 6, 0), (6, 7, 0)]


def test_a_slice_that_has_no_number_is_an_error(mark: Mark, square: Square) -> None:
    with pytest.raises(KeyError, match="k9"):
        region_of(mark({"k9": square(10, 20, 2)}), {"k3": 3})


def test_regions_overlap_where_they_share_a_voxel() -> None:
    one = Region((0, 0, 0), np.eye(3, dtype=bool)[..., None])
    assert one.overlaps(Region((2, 2, 0), np.ones((1, 1, 1), bool)))
    assert not one.overlaps(Region((1, 2, 0), np.ones((1, 1, 1), bool)))  # the boxes overlap, the voxels do not
    assert not one.overlaps(Region((2, 2, 1), np.ones((1, 1, 1), bool)))
    assert not one.overlaps(Region((-5, 0, 0), np.ones((2, 2, 1), bool)))


def test_a_region_is_seen_through_any_box() -> None:
    region = Region((2, 3, 4), np.ones((1, 2, 1), bool))
    assert np.argwhere(region.within((0, 0, 0), (5, 5, 5))).tolist() == [[2, 3, 4], [2, 4, 4]]
    assert np.argwhere(region.within((2, 4, 4), (3, 9, 5))).tolist() == [[0, 0, 0]]
    assert region.within((7, 7, 7), (9, 9, 9)).sum() == 0
    assert box_around([region, Region((0, 4, 4), np.ones((1, 1, 3), bool))]) == ((0, 3, 4), (3, 5, 7))


def test_slices_are_numbered_from_the_feet(mark: Mark, square: Square) -> None:
    marks = (mark({"k12": square(9, 9, 2), "k-3": square(9, 9, 2)}), mark({"k4": square(9, 9, 2)}))
    assert slices_by_position(ScanMarkings("x", "", "", 1, marks, (), "")) == {"k-3": 0, "k4": 1, "k12": 2}


def test_a_slice_may_have_two_names(mark: Mark, square: Square) -> None:
    one, other = mark({"k4": square(9, 9, 2)}), mark({"k9": square(9, 9, 2)})
    renamed = replace(one, contours=(replace(one.contours[0], slice_uid="other", z_mm=4.001),))
    assert slices_by_position(ScanMarkings("x", "", "", 1, (one, other, renamed), (), "")) == {"k4": 0, "other": 0, "k9": 1}
