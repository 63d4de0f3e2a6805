from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nodulescope.bundles.data.annotation_check import ListedItem, examine
from nodulescope.bundles.data.annotation_rules import Rule

Listed = Callable[..., list[ListedItem]]


def broken(listed: Listed, item: dict[str, Any], **options: Any) -> dict[Rule, str]:
    """Rules that an item breaks, with what was found."""
    (only,) = listed(training=[item])
    return {violation.rule: violation.found for violation in examine(only, **options).violations}


def move(
    item: dict[str, Any], *, center: tuple[float, ...] | None = None, size: tuple[float, ...] | None = None, **changes: Any
) -> dict[str, Any]:
    """Change the annotation, and its box with it."""
    (nodule,) = item["nodules"]
    nodule |= changes
    nodule["center_lps_mm"] = list(center or nodule["center_lps_mm"])
    nodule["size_mm"] = list(size or nodule["size_mm"])
    item["box"] = [[*nodule["center_lps_mm"], *nodule["size_mm"]]]
    return item


def test_an_item_in_order_breaks_nothing(scan_item: dict[str, Any], listed: Listed, chest: Any) -> None:
    (item,) = listed(training=[scan_item])
    examined = examine(item)
    assert examined.violations == ()
    assert examined.image is not None and examined.image.shape == chest.shape
    (place,) = examined.places
    assert place.described and place.box_class == 0
    assert place.outline is not None
    np.testing.assert_allclose(place.outline.box, scan_item["box"][0])
    assert place.outline.diameter_mm == pytest.approx(np.cbrt(chest.ball().sum() * 6 / np.pi))


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        (
            {"diameter_mm": 33.0, "size": (33.0, 33.0, 33.0), "center": (0.0, 23.0, -85.0), "outline": None},
            {Rule.MASS, Rule.WRONG_CLASS, Rule.CUT_OFF},
        ),
        ({"diameter_mm": 2.5, "size": (3.0, 3.0, 3.0), "outline": None}, {Rule.MICRONODULE, Rule.WRONG_CLASS}),
        ({"readers": 2, "ratings": []}, {Rule.TOO_FEW_READERS, Rule.WRONG_CLASS}),
        ({"diameter_mm": 0.0}, {Rule.EMPTY}),
        ({"size": (7.0, 0.0, 7.0)}, {Rule.EMPTY}),
        ({"center": (0.0, 23.0, 300.0), "outline": None}, {Rule.OFF_GRID}),
        ({"center": (0.0, 23.0, -101.0), "outline": None}, {Rule.CUT_OFF, Rule.NO_TISSUE}),
        ({"center": (12.0, 30.0, -80.0), "outline": None}, {Rule.NO_TISSUE}),
        ({"diameter_mm": 11.0}, {Rule.SIZE_MISMATCH}),
        ({"diameter_mm": 4.0, "size": (7.0, 7.0, 16.0), "outline": None}, {Rule.SIZE_MISMATCH}),
        ({"center": (0.0, 23.0, -82.5)}, {Rule.OUTLINE_ELSEWHERE}),
        ({"ratings": [[3, 4, 4, 5, 1, 1, 5, 6]] * 4}, {Rule.READER_COUNT}),
        ({"ratings": [[3, 4, 4, 5, 1, 1, 5, 7], [None] * 8, [3, 4, 4, 5, 1, 1, 5, 6]]}, {Rule.RATING_OUT_OF_RANGE}),
        ({"ratings": [[0, 4, 4, 5, 1, 1, 5, 6], [None] * 8, [3, 4, 4, 5, 1, 1, 5, 6]]}, {Rule.RATING_OUT_OF_RANGE}),
        ({"ratings": [[3, 4, 4]]}, {Rule.MALFORMED}),
        ({"readers": "three"}, {Rule.MALFORMED}),
        ({"outline": "gone.nii.gz"}, {Rule.UNREADABLE}),
    ],
)
def test_each_mistake_of_an_annotation_breaks_its_rule_and_no_other(
    changes: dict[str, Any], rules: set[Rule], scan_item: dict[str, Any], listed: Listed
) -> None:
    assert set(broken(listed, move(scan_item, **changes))) == rules


def test_what_is_ignored_is_noted_and_no_error(scan_item: dict[str, Any], listed: Listed) -> None:
    scan_item["box_class"] = [1]
    assert broken(listed, move(scan_item, readers=2, ratings=[])) == {Rule.TOO_FEW_READERS: "2 of at least 3"}
    assert broken(listed, scan_item, least_readers=2) == {}
    assert broken(listed, scan_item, least_readers=None) == {}


def test_a_box_alone_proves_no_wrong_class(scan_item: dict[str, Any], listed: Listed) -> None:
    del scan_item["nodules"]
    scan_item["box"] = [[0.0, 23.0, -85.0, 31.0, 31.0, 30.0]]
    found = broken(listed, scan_item)
    assert set(found) == {Rule.MASS}
    assert found[Rule.MASS] == "about 30.7 mm, more than 30 mm"


@pytest.mark.parametrize(("x", "outside"), [(-16.5, False), (-20.9, True)])
def test_a_centre_may_lie_five_millimetres_outside_the_lungs(x: float, outside: bool, scan_item: dict[str, Any], listed: Listed) -> None:
    # The first lung voxel lies at x = -15.
    found = broken(listed, move(scan_item, center=(x, 23.0, -85.0), outline=None))
    assert (Rule.OUTSIDE_LUNGS in found) is outside


def test_a_large_nodule_may_lie_its_radius_outside_the_lungs(scan_item: dict[str, Any], listed: Listed) -> None:
    large = {"diameter_mm": 14.0, "size": (14.0, 14.0, 14.0), "outline": None}
    assert Rule.OUTSIDE_LUNGS not in broken(listed, move(scan_item, center=(-20.0, 23.0, -85.0), **large))


def test_positions_in_ras_are_recognised(scan_item: dict[str, Any], listed: Listed) -> None:
    found = broken(listed, move(scan_item, center=(0.0, -23.0, -85.0), outline=None))
    assert set(found) == {Rule.OFF_GRID}
    assert found[Rule.OFF_GRID].endswith("written in RAS?")
    found = broken(listed, move(scan_item, center=(0.0, 300.0, -85.0)))
    assert "RAS" not in found[Rule.OFF_GRID]


def test_of_two_annotations_of_one_nodule_the_smaller_is_named(scan_item: dict[str, Any], listed: Listed) -> None:
    twin = scan_item["nodules"][0] | {"id": "n2", "diameter_mm": 6.0, "center_lps_mm": [2.5, 23.0, -85.0], "outline": None}
    item = scan_item | {
        "nodules": [twin, *scan_item["nodules"]],
        "box_class": [0, 0],
        "box": [[2.5, 23.0, -85.0, 7.0, 7.0, 7.0], *scan_item["box"]],
    }
    (only,) = listed(training=[item])
    (violation,) = examine(only).violations
    assert (violation.rule, violation.annotation, violation.found) == (Rule.DUPLICATE, "n2", "its centre lies 2.5 mm from that of n1")
    item["box"][0][0] = twin["center_lps_mm"][0] = 3.1  # more than the smaller radius
    (only,) = listed(training=[item])
    assert examine(only).violations == ()


def test_an_outline_of_two_pieces_or_none(scan_item: dict[str, Any], listed: Listed, chest: Any) -> None:
    speck = chest.ball()
    speck[20, 18, 22] = True
    chest.save("outline.nii.gz", speck.astype(np.uint8))
    assert Rule.OUTLINE_IN_PIECES not in broken(listed, scan_item)
    chest.save("outline.nii.gz", (chest.ball() | chest.ball((0.0, 34.0, -85.0), 5.0)).astype(np.uint8))
    assert Rule.OUTLINE_IN_PIECES in broken(listed, scan_item)
    chest.save("outline.nii.gz", np.zeros(chest.shape, np.uint8))
    assert broken(listed, scan_item) == {Rule.EMPTY: "outline.nii.gz marks no voxel"}


def test_annotations_that_share_an_outline_file_have_what_lies_in_their_boxes(
    scan_item: dict[str, Any], listed: Listed, chest: Any
) -> None:
    other = (8.0, 30.0, -92.0)
    both = chest.ball() | chest.ball(other)
    chest.save("outline.nii.gz", both.astype(np.uint8))
    chest.save("ct.nii.gz", np.where(both, 20, -850).astype(np.int16))
    second = scan_item["nodules"][0] | {"id": "n2", "center_lps_mm": list(other)}
    item = scan_item | {
        "nodules": [*scan_item["nodules"], second],
        "box_class": [0, 0],
        "box": [*scan_item["box"], [*other, 7.0, 7.0, 7.0]],
    }
    (only,) = listed(training=[item])
    examined = examine(only)
    assert examined.violations == ()
    assert [place.outline is not None and place.outline.box[:3] for place in examined.places] == [[0.0, 23.0, -85.0], list(other)]


def test_each_mistake_of_a_scan_breaks_its_rule(scan_item: dict[str, Any], listed: Listed, chest: Any) -> None:
    hu = np.where(chest.ball(), 20.0, -850.0).astype(np.float32)
    turned = chest.affine_lps
    turned[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    shifted = chest.affine_lps
    shifted[0, 3] += 0.5
    spoiled = {
        "gone.nii.gz": {Rule.UNREADABLE},
        chest.save("nan.nii.gz", np.where(chest.ball((5.0, 10.0, -75.0), 2.0), np.nan, hu)): {Rule.NOT_FINITE},
        chest.save("grey.nii.gz", hu + 1000.0): {Rule.NOT_HOUNSFIELD},
        chest.save("small.nii.gz", hu[:-1]): {Rule.GRID_MISMATCH},
        chest.save("aside.nii.gz", hu, shifted): {Rule.GRID_MISMATCH},
        chest.save("turned.nii.gz", hu, turned): {Rule.TURNED_GRID, Rule.GRID_MISMATCH},
    }
    for file, rules in spoiled.items():
        assert set(broken(listed, scan_item | {"image": file})) == rules, file


def test_lungs_are_needed(scan_item: dict[str, Any], listed: Listed, chest: Any) -> None:
    chest.save("lungs.nii.gz", np.zeros(chest.shape, np.uint8))
    assert set(broken(listed, scan_item)) == {Rule.NO_LUNGS}
    del scan_item["label"]
    assert broken(listed, scan_item) == {Rule.MALFORMED: "it must name its lung labels under `label`"}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"box_class": [0, 0]}, "box and box_class must be lists of the same length"),
        ({"box_class": [4]}, "box_class must be 0 or 1, not 4"),
        ({"box": [[1.0, 2.0, 3.0]]}, "a box must be six finite numbers (LPS mm: centre, then edges)"),
        ({"nodules": []}, "nodules must hold one annotation per box, in the same order"),
        ({"nodules": [{"id": "n1"}]}, "its annotation cannot be read (KeyError: 'center_lps_mm')"),
        ({"box": [[0.0, 23.0, -84.0, 7.0, 7.0, 7.0]]}, "its box differs from that of the item (box 1)"),
    ],
)
def test_what_is_written_wrongly_is_malformed(changes: dict[str, Any], found: str, scan_item: dict[str, Any], listed: Listed) -> None:
    assert broken(listed, scan_item | changes) == {Rule.MALFORMED: found}


def test_an_item_for_the_lung_network_needs_no_boxes(scan_item: dict[str, Any], listed: Listed) -> None:
    assert broken(listed, {key: scan_item[key] for key in ("image", "label", "patient")}) == {}
