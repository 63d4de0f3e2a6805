from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nodulescope.bundles.data.lidc.markings import NoduleMark, ScanMarkings
from nodulescope.bundles.data.lidc.nodules import marked_nodules, overlapping_groups
from nodulescope.bundles.data.lidc.regions import Region, slices_by_position

Mark = Callable[..., NoduleMark]
Square = Callable[..., list[tuple[int, int]]]


def grouped(*marks: NoduleMark) -> list[list[str]]:
    markings = ScanMarkings("x", "", "", 4, marks, (), "")
    return [[mark.id for mark in nodule.marks] for nodule in marked_nodules(markings, slices_by_position(markings))]


def test_marks_that_share_a_voxel_are_one_nodule(mark: Mark, square: Square) -> None:
    near, far = mark({"k1": square(10, 10, 3)}, 0, name="a"), mark({"k1": square(40, 10, 3)}, 0, name="b")
    again = mark({"k1": square(44, 10, 3), "k2": square(44, 10, 3)}, 1, name="c")
    assert grouped(near, far, again) == [["a"], ["b", "c"]]


def test_lines_that_cross_without_a_common_voxel_are_two_nodules(mark: Mark, square: Square) -> None:
    # Enclosed: columns 8..12 and 13..17; the lines themselves run on columns 13 and 12.
    assert grouped(mark({"k1": square(10, 10, 3)}, 0, name="a"), mark({"k1": square(15, 10, 3)}, 1, name="b")) == [["a"], ["b"]]


def test_one_slice_further_is_another_nodule(mark: Mark, square: Square) -> None:
    assert grouped(mark({"k1": square(10, 10, 3)}, 0, name="a"), mark({"k2": square(10, 10, 3)}, 1, name="b")) == [["a"], ["b"]]


def test_a_third_mark_joins_two(mark: Mark, square: Square) -> None:
    marks = [mark({"k1": square(column, 10, 3)}, reader, name=str(reader)) for reader, column in enumerate((10, 18, 14))]
    assert grouped(*marks) == [["0", "1", "2"]]


def test_nothing_marked_is_no_nodule() -> None:
    assert grouped() == []
    assert overlapping_groups([Region((0, 0, 0), np.ones((1, 1, 1), bool))]) == [0]


def test_a_reader_who_drew_two_parts_counts_once(mark: Mark, square: Square) -> None:
    whole = mark({"k1": square(15, 10, 8)}, 2, name="whole", ratings=(1.0,))
    small = mark({"k1": square(10, 10, 2)}, 0, name="small", ratings=(2.0,))
    large = mark({"k1": square(19, 10, 3)}, 0, name="large", ratings=(5.0,))
    markings = ScanMarkings("x", "", "", 4, (whole, small, large), (), "")
    (nodule,) = marked_nodules(markings, slices_by_position(markings))
    assert nodule.readers == (0, 2)
    assert nodule.region(0).inside.sum() == 3 * 3 + 5 * 5
    assert nodule.ratings(0) == (5.0,)
    assert nodule.ratings(2) == (1.0,)
