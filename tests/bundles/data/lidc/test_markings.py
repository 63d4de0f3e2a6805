from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nodulescope.bundles.data.lidc.markings import PointKind, parse_markings
from nodulescope.bundles.errors import InputError

Make = Callable[..., str]
MakeXml = Callable[..., bytes]
LINE = [(10, 20), (11, 20), (11, 21), (10, 21)]


def test_a_reading_is_read(make_xml: MakeXml, nodule_xml: Make, non_nodule_xml: Make) -> None:
    ratings = {"internalStructure": 1, "malignancy": 4, "calcification": 6, "subtlety": 2, "texture": ""}
    first = [
        nodule_xml("Nodule 001", [("s1", "-12.5 ", LINE, True), ("s1", -12.5, [(10, 20)], False)], ratings),
        nodule_xml("7", [("s2", -10, [(30, 40)], True)], None),
    ]
    found = parse_markings(make_xml([first, [], [non_nodule_xml("9", "s3", 4.0, (50, 60))]]), "a.xml")
    assert found is not None
    assert (found.series_uid, found.study_uid, found.readers, found.source) == ("1.2", "1.1", 3, "a.xml")
    (nodule,) = found.nodules
    assert (nodule.reader, nodule.id) == (0, "Nodule 001")
    # malignancy, subtlety, sphericity, margin, lobulation, spiculation, texture, calcification
    assert nodule.ratings == (4.0, 2.0, None, None, None, None, None, 6.0)
    outline, hole = nodule.contours
    assert (outline.slice_uid, outline.z_mm, outline.inclusion, hole.inclusion) == ("s1", -12.5, True, False)
    assert outline.points.tolist() == [list(point) for point in LINE]
    small, other = found.points
    assert (small.reader, small.id, small.kind, small.slice_uid, small.z_mm) == (0, "7", PointKind.MICRONODULE, "s2", -10.0)
    assert (small.column, small.row) == (30, 40)
    assert (other.reader, other.id, other.kind, other.column, other.row) == (2, "9", PointKind.NON_NODULE, 50, 60)


def test_a_single_point_is_a_micronodule_even_with_ratings_of_zero(make_xml: MakeXml, nodule_xml: Make) -> None:
    zeros = dict.fromkeys(("malignancy", "subtlety"), 0)
    found = parse_markings(
        make_xml([[nodule_xml("1", [("s", 0, [(1, 2)], True)], zeros), nodule_xml("2", [("s", 0, LINE, True)], zeros)]]), "x"
    )
    assert found is not None
    assert [point.id for point in found.points] == ["1"]
    assert found.nodules[0].ratings == (None,) * 8


def test_a_radiograph_is_no_ct(make_xml: MakeXml) -> None:
    assert parse_markings(make_xml([], root="IdriReadMessage"), "x") is None


def test_copies_have_one_digest(make_xml: MakeXml, nodule_xml: Make) -> None:
    marked, other = ([[nodule_xml("1", [("s", z, LINE, True)])]] for z in (0, 1))
    digests = [
        found.digest
        for content in (make_xml(marked, study="1.1"), make_xml(marked, study="9.9"), make_xml(other))
        if (found := parse_markings(content, "x"))
    ]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("rois", "ratings", "message"),
    [
        ([("s", "NaN", LINE, True)], None, "slice position NaN is not finite"),
        ([("s", "inf", LINE, True)], None, "slice position inf is not finite"),
        ([("s", "up", LINE, True)], None, "slice position 'up' is no number"),
        ([("s", 0, [(1, 2), (-3, 4)], True)], None, r"lies outside the image \(pixel \[-3, 2\]\)"),
        ([("s", 0, [(1, "nan")], True)], None, "is no whole number"),
        ([("s", 0, [(1.5, 2)], True)], None, "is no whole number"),
        ([("s", 0, [], True)], None, "0 columns and 0 rows"),
        ([("s", 0, LINE, False)], None, "nodule N has no outline"),
        ([], None, "nodule N has no outline"),
        ([("s", 0, LINE, True)], {"malignancy": 6}, "malignancy is 6, its scale runs from 1 to 5"),
        ([("s", 0, LINE, True)], {"calcification": 7}, "calcification is 7, its scale runs from 1 to 6"),
        ([("s", 0, LINE, True)], {"margin": "nan"}, "margin is 'nan' and no whole number"),
    ],
)
def test_what_cannot_be_is_refused(make_xml: MakeXml, nodule_xml: Make, rois: list, ratings: dict | None, message: str) -> None:
    with pytest.raises(InputError, match=f"^folder/a.xml: .*{message}") as error:
        parse_markings(make_xml([[nodule_xml("N", rois, ratings)]]), "folder/a.xml")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<LidcReadMessage><unclosed>", "not valid XML"),
        (b"", "not valid XML"),
        (b"\x00\x01", "not valid XML"),
        (b"<annotation/>", "root element is annotation"),
        (b"<LidcReadMessage/>", "names neither its series nor its study"),
    ],
)
def test_what_is_no_reading_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=f"^a.xml: .*{message}"):
        parse_markings(content, "a.xml")


def test_a_missing_element_is_named(make_xml: MakeXml, nodule_xml: Make) -> None:
    content = make_xml([[nodule_xml("N", [("s", 0, LINE, True)])]]).replace(b"imageSOP_UID", b"imageUID")
    with pytest.raises(InputError, match=r"^a\.xml: an element imageSOP_UID is missing"):
        parse_markings(content, "a.xml")


def test_the_whole_collection_is_read(collection: Any) -> None:
    assert (len(collection.markings), collection.radiographs) == (1016, 282)
    nodules = [mark for markings in collection.markings.values() for mark in markings.nodules]
    # Of the 7371 marks of 3 mm and more that Armato et al. (2011) count, those in the XML files that are at hand, copies once.
    assert len(nodules) == sum(len(nodule.marks) for found in collection.nodules.values() for nodule in found)
    assert 6800 < len(nodules) < 6900
    assert sum(1 for mark in nodules if None in mark.ratings) == 2
