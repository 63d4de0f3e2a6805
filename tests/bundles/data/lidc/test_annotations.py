from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nodulescope.bundles.coordinates import index_to_world
from nodulescope.bundles.data.lidc.annotations import annotate, class_of, label_on_grid, points_of, slices_of_marks
from nodulescope.bundles.data.lidc.consensus import centroid_lps
from nodulescope.bundles.data.lidc.markings import NoduleMark, PointKind, PointMark, ScanMarkings
from nodulescope.bundles.data.lidc.nodules import MarkedNodule, marked_nodules
from nodulescope.bundles.data.lidc.regions import Region
from nodulescope.bundles.data.lidc.series import CTSeries
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS, NODULE_CLASS

Mark = Callable[..., NoduleMark]
Square = Callable[..., list[tuple[int, int]]]

AFFINE = np.array([[0.5, 0, 0, -10.0], [0, 0.5, 0, 20.0], [0, 0, 2.0, 100.0], [0, 0, 0, 1.0]])


@pytest.fixture
def series() -> CTSeries:
    uids = tuple(f"k{k}" for k in range(12))
    return CTSeries("P", "1.1", "1.2", tuple(Path("images") / uid for uid in uids), uids, (60, 50), AFFINE)


def nodule_of(marks: list[NoduleMark], series: CTSeries) -> MarkedNodule:
    (nodule,) = marked_nodules(ScanMarkings("x", "", "", 4, tuple(marks), (), ""), series.slices)
    return nodule


def test_a_nodule_has_the_box_and_the_volume_of_its_consensus(mark: Mark, square: Square, series: CTSeries) -> None:
    wide = [mark({"k4": square(20, 30, 4), "k5": square(20, 30, 4)}, reader, ratings=(float(reader + 1),) * 8) for reader in (0, 2)]
    narrow = mark({"k4": square(20, 30, 2), "k5": square(20, 30, 2)}, 3, ratings=(None,) * 8)
    annotation, region = annotate(nodule_of([*wide, narrow], series), "nodule_1", AFFINE, 0.5, "a.nii.gz")
    assert region is not None
    assert region.inside.sum() == 7 * 7 * 2
    assert annotation.center_lps_mm == pytest.approx((0.0, 35.0, 109.0))
    assert annotation.size_mm == pytest.approx((3.5, 3.5, 4.0))
    assert annotation.diameter_mm == pytest.approx(np.cbrt(6 * 49.0 / np.pi))
    assert (annotation.readers, annotation.outline) == (3, "a.nii.gz")
    assert annotation.ratings == ((1.0,) * 8, (3.0,) * 8, (None,) * 8)
    tight, _ = annotate(nodule_of([*wide, narrow], series), "nodule_1", AFFINE, 1.0, "a.nii.gz")
    assert tight.size_mm == pytest.approx((1.5, 1.5, 4.0))


def test_where_readers_agree_on_nothing_all_of_it_is_ignored(mark: Mark, square: Square, series: CTSeries) -> None:
    marks = [mark({"k4": square(column, 30, 4)}, reader) for reader, column in enumerate((20, 26, 32))]
    annotation, region = annotate(nodule_of(marks, series), "n", AFFINE, 1.0, "a.nii.gz")
    assert region is None
    assert (annotation.outline, annotation.readers) == (None, 3)
    assert annotation.size_mm == pytest.approx((19 * 0.5, 3.5, 2.0))
    assert class_of(annotation) == IGNORED_CLASS
    assert class_of(replace(annotation, outline="a.nii.gz")) == NODULE_CLASS


@pytest.mark.parametrize(
    ("changes", "least_readers", "box_class"),
    [
        ({}, 3, NODULE_CLASS),
        ({}, 4, IGNORED_CLASS),
        ({"diameter_mm": 30.1}, 3, IGNORED_CLASS),
        ({"diameter_mm": 2.9}, 3, IGNORED_CLASS),
        ({"readers": 2}, 3, IGNORED_CLASS),
        ({"readers": 2}, 2, NODULE_CLASS),
    ],
)
def test_the_annotation_rules_say_what_counts(
    mark: Mark, square: Square, series: CTSeries, changes: dict[str, Any], least_readers: int, box_class: int
) -> None:
    marks = [mark({"k4": square(20, 30, 6), "k5": square(20, 30, 6)}, reader) for reader in range(3)]
    annotation, _ = annotate(nodule_of(marks, series), "n", AFFINE, 0.5, "a.nii.gz")
    assert class_of(replace(annotation, **changes), least_readers) == box_class


def test_marks_must_lie_in_the_series(mark: Mark, square: Square, series: CTSeries) -> None:
    def check(marks: list[NoduleMark], points: list[PointMark]) -> dict[str, int]:
        return slices_of_marks(ScanMarkings("a.xml", "", "", 4, tuple(marks), tuple(points), ""), series)

    point = PointMark(0, "p", PointKind.MICRONODULE, "k3", 0.0, 59, 49)
    assert check([mark({"k4": square(20, 30, 4)})], [point]) == series.slices
    with pytest.raises(InputError, match=r"^a\.xml: marks the slice k77 \(z = 77 mm\), which is not in images"):
        check([mark({"k77": square(20, 30, 4)})], [])
    with pytest.raises(InputError, match=r"^a\.xml: marks the slice k78"):
        check([], [replace(point, slice_uid="k78")])
    for marks, points in (([mark({"k4": square(57, 30, 4)})], []), ([], [replace(point, column=60)]), ([], [replace(point, row=50)])):
        with pytest.raises(InputError, match=r"^a\.xml: a mark lies outside the images of images \(60 x 50 pixels\)"):
            check(marks, points)


def test_a_slice_with_another_name_is_known_by_its_position(mark: Mark, square: Square, series: CTSeries) -> None:
    # Slice k lies at z = 100 + 2 k; the marks' own z is the number in their slices' names.
    marks = tuple(mark({uid: square(20, 30, 4)}) for uid in ("z100.1", "z106", "z121.9", "k4"))
    found = slices_of_marks(ScanMarkings("a.xml", "", "", 4, marks, (), ""), series)
    assert [found[uid] for uid in ("z100.1", "z106", "z121.9", "k4")] == [0, 3, 11, 4]
    for uid in ("z99.7", "z105", "z122.3"):
        with pytest.raises(InputError, match=f"marks the slice {uid}"):
            slices_of_marks(ScanMarkings("a.xml", "", "", 4, (mark({uid: square(20, 30, 4)}),), (), ""), series)


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, -1, 1), (1, -1, -1)])
def test_a_region_keeps_its_place_and_volume_on_another_grid(signs: tuple[int, int, int]) -> None:
    inside = np.linalg.norm((np.indices((21, 21, 7)) - np.array([10, 10, 3]).reshape(3, 1, 1, 1)).T * (0.5, 0.5, 2.0), axis=-1).T < 5.0
    region = Region((15, 12, 2), inside)
    target = np.diag([*np.array(signs, float), 1.0])
    target[:3, 3] = np.where(np.array(signs) > 0, (-12.3, 15.1, 95.2), (22.3, 45.1, 125.2))
    label = label_on_grid(region, AFFINE, target, (36, 32, 31))
    assert set(np.unique(label)) == {0, 1}
    assert label.sum() == pytest.approx(inside.sum() * 0.5, rel=0.05)
    middle = index_to_world(target, np.argwhere(label).mean(axis=0))
    np.testing.assert_allclose(middle, centroid_lps(region, AFFINE), atol=0.3)


def test_the_thinnest_region_keeps_one_voxel() -> None:
    region = Region((20, 20, 5), np.ones((1, 1, 1), bool))
    target = np.diag([1.0, 1.0, 1.0, 1.0])
    target[:3, 3] = (-10.5, 19.5, 100.0)
    label = label_on_grid(region, AFFINE, target, (30, 30, 22))
    (voxel,) = np.argwhere(label)
    np.testing.assert_allclose(index_to_world(target, voxel), centroid_lps(region, AFFINE), atol=0.51)


def test_points_are_in_the_patients_millimetres(series: CTSeries) -> None:
    point = PointMark(2, "p", PointKind.NON_NODULE, "k3", 0.0, 10, 20)
    assert points_of(ScanMarkings("x", "", "", 4, (), (point,), ""), series.slices, AFFINE) == [
        {"kind": "non-nodule", "reader": 2, "center_lps_mm": [-5.0, 30.0, 106.0]}
    ]
