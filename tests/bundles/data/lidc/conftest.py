"""Readings of a few marks as XML, a small chest in DICOM that they belong to, and the whole collection's marks where they are at hand."""

from __future__ import annotations

import gc
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.data.lidc.luna16_agreement import read_luna16_grids, slices_on_grid
from nodulescope.bundles.data.lidc.markings import Contour, NoduleMark, ScanMarkings, parse_markings
from nodulescope.bundles.data.lidc.nodules import MarkedNodule, marked_nodules
from nodulescope.bundles.data.lidc.regions import slices_by_position
from nodulescope.operators.dicom.ct_series import write_ct_series

RATINGS = {
    "malignancy": 5,
    "subtlety": 4,
    "sphericity": 3,
    "margin": 2,
    "lobulation": 1,
    "spiculation": 2,
    "texture": 5,
    "calcification": 6,
}

Roi = tuple[str, float, Sequence[tuple[int, int]], bool]
Square = Callable[..., list[tuple[int, int]]]
MakeXml = Callable[..., bytes]


@pytest.fixture(scope="session")
def square() -> Square:
    """The closed line around the pixels within ``half - 1`` of a centre: ``square(column, row, half)`` encloses (2 half - 1)² pixels."""

    def make(column: int, row: int, half: int) -> list[tuple[int, int]]:
        run = range(-half, half)
        ring = [(v, -half) for v in run] + [(half, v) for v in run] + [(-v, half) for v in run] + [(-half, -v) for v in run]
        return [(column + a, row + b) for a, b in [*ring, ring[0]]]

    return make


@pytest.fixture(scope="session")
def mark() -> Callable[..., NoduleMark]:
    """A reader's nodule from lines by slice: ``mark({"k1": points}, reader=0, holes={...})``; slice "k7" lies at 7 mm."""

    def make(
        lines: Mapping[str, Sequence[tuple[int, int]]],
        reader: int = 0,
        *,
        name: str = "n",
        holes: Mapping[str, Sequence[tuple[int, int]]] | None = None,
        ratings: Sequence[float | None] = (),
    ) -> NoduleMark:
        contours = [
            Contour(uid, float(uid[1:]), np.array(points, dtype=np.intp), inclusion)
            for drawn, inclusion in ((holes or {}, False), (lines, True))
            for uid, points in drawn.items()
        ]
        return NoduleMark(reader, name, tuple(contours), tuple(ratings))

    return make


@pytest.fixture(scope="session")
def make_xml() -> MakeXml:
    """A reading: ``make_xml(sessions, series=, study=)``; a session is a list of elements from :func:`nodule_xml` and the like."""

    def make(sessions: Sequence[Sequence[str]], series: str = "1.2", study: str = "1.1", root: str = "LidcReadMessage") -> bytes:
        header = (
            f"<ResponseHeader><SeriesInstanceUid>{series}</SeriesInstanceUid><StudyInstanceUID>{study}</StudyInstanceUID></ResponseHeader>"
        )
        bodies = "".join(f"<readingSession><annotationVersion>3</annotationVersion>{''.join(s)}</readingSession>" for s in sessions)
        return f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="http://www.nih.gov">{header}{bodies}</{root}>'.encode()

    return make


@pytest.fixture(scope="session")
def nodule_xml() -> Callable[..., str]:
    """An outlined nodule: ``nodule_xml(name, rois, ratings)``; a roi is (slice UID, z, points, inclusion)."""

    def make(name: str, rois: Sequence[Roi], ratings: Mapping[str, Any] | None = RATINGS) -> str:
        rated = "" if ratings is None else "".join(f"<{key}>{value}</{key}>" for key, value in ratings.items())
        drawn = "".join(
            f"<roi><imageZposition>{z}</imageZposition><imageSOP_UID>{uid}</imageSOP_UID><inclusion>{str(inclusion).upper()}</inclusion>"
            + "".join(f"<edgeMap><xCoord>{x}</xCoord><yCoord>{y}</yCoord></edgeMap>" for x, y in points)
            + "</roi>"
            for uid, z, points, inclusion in rois
        )
        return f"<unblindedReadNodule><noduleID>{name}</noduleID><characteristics>{rated}</characteristics>{drawn}</unblindedReadNodule>"

    return make


@pytest.fixture(scope="session")
def non_nodule_xml() -> Callable[..., str]:
    """A lesion that is no nodule: ``non_nodule_xml(name, uid, z, (column, row))``."""

    def make(name: str, uid: str, z: float, point: tuple[int, int]) -> str:
        locus = f"<locus><xCoord>{point[0]}</xCoord><yCoord>{point[1]}</yCoord></locus>"
        return (
            f"<nonNodule><nonNoduleID>{name}</nonNoduleID><imageZposition>{z}</imageZposition>"
            f"<imageSOP_UID>{uid}</imageSOP_UID>{locus}</nonNodule>"
        )

    return make


@dataclass(frozen=True)
class SmallSeries:
    """A chest of 48x40x30 voxels of 4x4x5 mm as DICOM.

    Attributes:
        folder: of its files.
        series_uid: its Series Instance UID.
        study_uid: its Study Instance UID.
        slice_uids: SOP Instance UIDs, k = 0 first.
        affine_lps: its grid.
        patient: its Patient ID.
    """

    folder: Path
    series_uid: str
    study_uid: str
    slice_uids: tuple[str, ...]
    affine_lps: NDArray[np.float64]
    patient: str


@pytest.fixture(scope="session")
def small_series(tmp_path_factory: pytest.TempPathFactory) -> SmallSeries:
    """Two lungs in a body, and a nodule of 20 mm around voxel (34, 20, 15) in the left one."""
    from pydicom import dcmread

    shape = (48, 40, 30)
    affine = np.diag([4.0, 4.0, 5.0, 1.0])
    affine[:3, 3] = (-94.0, -78.0, 100.0)
    x, y, z = np.moveaxis(np.moveaxis(np.indices(shape), 0, -1) * (4.0, 4.0, 5.0), -1, 0)
    hu = np.where(((x - 94) / 90) ** 2 + ((y - 78) / 72) ** 2 < 1, 40.0, -1000.0)
    for middle in (52.0, 136.0):
        hu[((x - middle) / 32) ** 2 + ((y - 78) / 55) ** 2 + ((z - 72) / 62) ** 2 < 1] = -850.0
    hu[(x - 136) ** 2 + (y - 80) ** 2 + (z - 75) ** 2 < 10.0**2] = 30.0
    folder = tmp_path_factory.mktemp("series")
    files = write_ct_series(CTVolume(hu.astype(np.float32), affine, CTSource("phantom")), folder, patient_id="SMALL-1", patient_name="A")
    headers = [dcmread(file, stop_before_pixels=True) for file in files]
    uids = tuple(str(header.SOPInstanceUID) for header in headers)
    return SmallSeries(folder, str(headers[0].SeriesInstanceUID), str(headers[0].StudyInstanceUID), uids, affine, "SMALL-1")


@pytest.fixture(scope="session")
def small_reading(
    small_series: SmallSeries,
    make_xml: MakeXml,
    nodule_xml: Callable[..., str],
    non_nodule_xml: Callable[..., str],
    square: Square,
) -> bytes:
    """Three readers outline the nodule on slices 14 to 16, 5x5 or 3x3 pixels; one of them outlines another thing; two points."""
    uids = small_series.slice_uids

    def rois(column: int, half: int) -> list[Roi]:
        return [(uids[k], 100.0 + 5.0 * k, square(column, 20, half), True) for k in (14, 15, 16)]

    point: Roi = (uids[20], 200.0, [(12, 18)], True)
    return make_xml(
        [
            [nodule_xml("0", rois(34, 3)), nodule_xml("1", [point], None)],
            [nodule_xml("a", rois(34, 3), {**RATINGS, "malignancy": 4}), non_nodule_xml("b", uids[3], 115.0, (14, 22))],
            [nodule_xml("x", rois(34, 2), {**RATINGS, "malignancy": 3}), nodule_xml("y", rois(12, 3))],
        ],
        small_series.series_uid,
        small_series.study_uid,
    )


@dataclass(frozen=True)
class Collection:
    """All of LIDC-IDRI's marks.

    Attributes:
        markings: by series.
        radiographs: XML files that read a chest radiograph.
        nodules: by series; slices are numbered on LUNA16's grid where there is one.
    """

    markings: Mapping[str, ScanMarkings]
    radiographs: int
    nodules: Mapping[str, tuple[MarkedNodule, ...]]


@pytest.fixture(scope="session")
def collection(shared_data: Path) -> Collection:
    """The 1315 published XML files, read and grouped once for all tests."""
    markings: dict[str, ScanMarkings] = {}
    radiographs = 0
    gc.disable()  # 173 MB of XML elements without cycles: collecting them over and over would double the time
    with zipfile.ZipFile(shared_data / "lidc" / "LIDC-XML.zip") as archive:
        for name in archive.namelist():
            found = parse_markings(archive.read(name), name)
            if found is None:
                radiographs += 1
            else:
                assert markings.setdefault(found.series_uid, found).digest == found.digest
    gc.enable()
    grids = read_luna16_grids(shared_data / "luna16" / "headers_888.csv")
    nodules = {
        uid: marked_nodules(found, slices_on_grid(found, grids[uid]) if uid in grids else slices_by_position(found))
        for uid, found in markings.items()
    }
    return Collection(markings, radiographs, nodules)
