"""What each reader marked in a scan, as the XML files of LIDC-IDRI say it.

A file holds one reading session per reader of the second, unblinded reading phase (McNitt-Gray et al., Acad Radiol 14:1464, 2007). A reader
outlines and rates a nodule of 3 mm or more, and gives one point for a smaller nodule and for a lesion of 3 mm or more that is no nodule.
"""

from __future__ import annotations

import hashlib
import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

CT_READING, RADIOGRAPH_READING = "LidcReadMessage", "IdriReadMessage"
"""Root elements: readings of a CT, and of the chest radiograph that some patients have too."""

HIGHEST_RATING = {"calcification": 6}
"""Ratings run from 1 to 5, calcification to 6 (Armato et al. 2011). Two marks of the collection have 0 in every rating: none was given."""


class PointKind(StrEnum):
    """What a reader marked with a single point."""

    MICRONODULE = "micronodule"
    """A nodule under 3 mm that is not clearly benign."""

    NON_NODULE = "non-nodule"
    """A lesion of 3 mm or more that is no nodule."""


@dataclass(frozen=True)
class Contour:
    """A closed line that a reader drew on one slice.

    Attributes:
        slice_uid: SOP Instance UID of the slice.
        z_mm: its position along the patient (LPS).
        points: column and row of each pixel of the line, counted from 0; shape (n, 2).
        inclusion: False where the line surrounds a hole in the nodule.
    """

    slice_uid: str
    z_mm: float
    points: NDArray[np.intp] = field(repr=False)
    inclusion: bool = True


@dataclass(frozen=True)
class NoduleMark:
    """One reader's nodule of 3 mm or more.

    Attributes:
        reader: number of the reading session, from 0; the same number is another radiologist in another scan.
        id: the reader's own name for it, unique among the reader's marks.
        contours: at least one, in the file's order.
        ratings: in the order of :data:`~nodulescope.bundles.nodule_grading.ratings.READER_RATINGS`; None where the reader gave none.
    """

    reader: int
    id: str
    contours: tuple[Contour, ...]
    ratings: tuple[float | None, ...]


@dataclass(frozen=True)
class PointMark:
    """One reader's point.

    Attributes:
        reader: number of the reading session, from 0.
        id: the reader's own name for it.
        kind: what it is.
        slice_uid: SOP Instance UID of the slice.
        z_mm: its position along the patient (LPS).
        column: counted from 0.
        row: counted from 0.
    """

    reader: int
    id: str
    kind: PointKind
    slice_uid: str
    z_mm: float
    column: int
    row: int


@dataclass(frozen=True)
class ScanMarkings:
    """All readers' marks in one CT series.

    Attributes:
        source: file that they come from, for messages.
        series_uid: the series that was read; empty where the file does not say.
        study_uid: its study; empty where the file does not say.
        readers: number of reading sessions.
        nodules: nodules of 3 mm or more.
        points: smaller nodules, and lesions that are none.
        digest: SHA-256 of the sessions as they are written: readings of the same series with the same digest are copies.
    """

    source: str
    series_uid: str
    study_uid: str
    readers: int
    nodules: tuple[NoduleMark, ...]
    points: tuple[PointMark, ...]
    digest: str


def parse_markings(content: bytes, source: str) -> ScanMarkings | None:
    """Read one XML file.

    Args:
        content: the file.
        source: its name, for messages.

    Returns:
        The marks; None for the reading of a chest radiograph.

    Raises:
        InputError: not XML, not a reading of LIDC-IDRI, or something is missing or no number.
    """
    try:
        root = ET.fromstring(content)
    except (ET.ParseError, ValueError) as error:  # ValueError: an encoding that does not exist
        raise InputError(f"{source}: not valid XML ({error}); download it again") from error
    namespace, _, name = root.tag.rpartition("}")
    if name == RADIOGRAPH_READING:
        return None
    if name != CT_READING:
        raise InputError(f"{source}: its root element is {name}, a reading of LIDC-IDRI begins with {CT_READING}; remove the file")
    file = _ReadingFile(source, f"{namespace}}}" if namespace else "")
    header = root.find(f"{file.prefix}ResponseHeader")
    series, study = (file.text(header, name, "") for name in ("SeriesInstanceUid", "StudyInstanceUID"))
    if not series and not study:
        raise InputError(f"{source}: names neither its series nor its study, so its scan cannot be found; download it again")
    nodules: list[NoduleMark] = []
    points: list[PointMark] = []
    sessions = root.findall(f"{file.prefix}readingSession")
    for reader, session in enumerate(sessions):
        for element in session.findall(f"{file.prefix}unblindedReadNodule"):
            mark = file.nodule(element, reader)
            (nodules if isinstance(mark, NoduleMark) else points).append(mark)  # type: ignore[arg-type]  # each to its own kind
        points.extend(file.non_nodule(element, reader) for element in session.findall(f"{file.prefix}nonNodule"))
    digest = hashlib.sha256(content[max(content.find(b"<readingSession"), 0) :]).hexdigest()
    return ScanMarkings(source, series, study, len(sessions), tuple(nodules), tuple(points), digest)


@dataclass(frozen=True)
class _ReadingFile:
    """The file that is being read: its name for messages, and its namespace as elements have it."""

    source: str
    prefix: str

    def text(self, parent: ET.Element | None, name: str, default: str | None = None) -> str:
        """A child's text without blanks."""
        found = None if parent is None else parent.findtext(f"{self.prefix}{name}")
        if found is None and default is None:
            raise InputError(f"{self.source}: an element {name} is missing; download it again")
        return (found if found is not None else default or "").strip()

    def position(self, parent: ET.Element) -> float:
        """A slice's position in mm."""
        text = self.text(parent, "imageZposition")
        try:
            z = float(text)
        except ValueError as error:
            raise InputError(f"{self.source}: the slice position {text!r} is no number; download it again") from error
        if not math.isfinite(z):
            raise InputError(f"{self.source}: the slice position {text} is not finite; download it again")
        return z

    def pixels(self, parent: ET.Element) -> NDArray[np.intp]:
        """All pixels below an element, shape (n, 2): column and row."""
        try:
            columns, rows = ([int(e.text or "") for e in parent.iter(f"{self.prefix}{name}")] for name in ("xCoord", "yCoord"))
        except ValueError as error:
            raise InputError(f"{self.source}: a pixel coordinate is no whole number ({error}); download it again") from error
        if len(columns) != len(rows) or not columns:
            raise InputError(f"{self.source}: a contour has {len(columns)} columns and {len(rows)} rows; download it again")
        points = np.array([columns, rows], dtype=np.intp).T
        if points.min() < 0:
            raise InputError(f"{self.source}: a contour lies outside the image (pixel {points.min(axis=0).tolist()}); download it again")
        return points

    def nodule(self, element: ET.Element, reader: int) -> NoduleMark | PointMark:
        """A nodule; one that is a single point on a single slice is smaller than 3 mm, whatever else is written about it."""
        name = self.text(element, "noduleID")
        contours = tuple(self.contour(roi) for roi in element.findall(f"{self.prefix}roi"))
        if not any(contour.inclusion for contour in contours):
            raise InputError(f"{self.source}: nodule {name} has no outline; download it again")
        if len(contours) == 1 and len(contours[0].points) == 1:
            only = contours[0]
            column, row = only.points[0].tolist()
            return PointMark(reader, name, PointKind.MICRONODULE, only.slice_uid, only.z_mm, column, row)
        found = element.find(f"{self.prefix}characteristics")
        given = {} if found is None else {child.tag.rpartition("}")[2]: child.text or "" for child in found}
        return NoduleMark(reader, name, contours, tuple(self.rating(given, rating) for rating in READER_RATINGS))

    def contour(self, roi: ET.Element) -> Contour:
        """One region of interest."""
        inclusion = self.text(roi, "inclusion", "TRUE").upper() == "TRUE"
        return Contour(self.text(roi, "imageSOP_UID"), self.position(roi), self.pixels(roi), inclusion)

    def non_nodule(self, element: ET.Element, reader: int) -> PointMark:
        """A lesion that is no nodule."""
        column, row = self.pixels(element)[0].tolist()
        name, uid = self.text(element, "nonNoduleID"), self.text(element, "imageSOP_UID")
        return PointMark(reader, name, PointKind.NON_NODULE, uid, self.position(element), column, row)

    def rating(self, given: Mapping[str, str], name: str) -> float | None:
        """One rating, None where it was not given."""
        text = given.get(name, "").strip()
        if not text or text == "0":
            return None
        try:
            value = int(text)
        except ValueError as error:
            raise InputError(f"{self.source}: the rating {name} is {text!r} and no whole number; download it again") from error
        highest = HIGHEST_RATING.get(name, 5)
        if not 1 <= value <= highest:
            raise InputError(f"{self.source}: the rating {name} is {value}, its scale runs from 1 to {highest}; download it again")
        return float(value)
