"""What lies in a folder of LIDC-IDRI: CT series, XML files, and which belong together.

Only what the files say counts, never how files or folders are called: the collection has been published with several layouts, and with the
XML files beside the images or in an archive of their own.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nodulescope.bundles.data.lidc.markings import ScanMarkings, parse_markings
from nodulescope.bundles.data.lidc.series import CTSeries, SliceHeader, read_slice_header, stack_slices
from nodulescope.bundles.errors import InputError


@dataclass(frozen=True)
class LeftOut:
    """Something that gave no training item, and why.

    Attributes:
        reason: one line.
        series_uid: empty where it is not known.
        patient: likewise.
    """

    reason: str
    series_uid: str = ""
    patient: str = ""


@dataclass(frozen=True)
class LidcScan:
    """A CT series and what its readers marked."""

    series: CTSeries
    markings: ScanMarkings


@dataclass(frozen=True)
class FolderFiles:
    """Files below a folder.

    Attributes:
        readings: XML files, and archives that may hold some.
        images: all other files, by the folder that they lie in: they may be DICOM images.
    """

    readings: tuple[Path, ...]
    images: tuple[tuple[Path, ...], ...]


@dataclass(frozen=True)
class Readings:
    """All XML files below a folder.

    Attributes:
        markings: one for each file that reads a CT.
        radiographs: number of files that read a chest radiograph.
        left_out: files that cannot be read.
    """

    markings: tuple[ScanMarkings, ...]
    radiographs: int
    left_out: tuple[LeftOut, ...]


def list_files(folder: Path) -> FolderFiles:
    """List what lies below a folder, in a stable order.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; name the one that LIDC-IDRI was downloaded to")
    readings: list[Path] = []
    images: list[tuple[Path, ...]] = []
    visited: set[Path] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):  # parts of the collection are often links to other disks
        visited.add(Path(parent).resolve())
        folders[:] = sorted(name for name in folders if Path(parent, name).resolve() not in visited)
        paths = [Path(parent, name) for name in sorted(names) if not name.startswith(".")]
        readings.extend(path for path in paths if path.suffix.lower() in (".xml", ".zip"))
        others = tuple(path for path in paths if path.suffix.lower() not in (".xml", ".zip") and path.is_file())
        if others:
            images.append(others)
    return FolderFiles(tuple(readings), tuple(images))


def count_readings(files: Sequence[Path]) -> int:
    """Number of XML files among some files and in archives among them, for a progress bar."""
    return sum(1 if file.suffix.lower() == ".xml" else len(_xml_names(file)) for file in files)


def read_readings(files: Sequence[Path], done: Callable[[int], None] = lambda _count: None) -> Readings:
    """Read XML files, and those in archives, without unpacking them.

    Args:
        files: files that end in .xml or .zip.
        done: called with the number of XML files that have been read.
    """
    markings: list[ScanMarkings] = []
    left_out: list[LeftOut] = []
    radiographs = 0
    for count, (content, source) in enumerate(_xml_contents(files, left_out), 1):
        done(count)
        try:
            found = parse_markings(content, source)
        except InputError as error:
            left_out.append(LeftOut(str(error)))
            continue
        if found is None:
            radiographs += 1
        else:
            markings.append(found)
    return Readings(tuple(markings), radiographs, tuple(left_out))


def _xml_contents(files: Sequence[Path], left_out: list[LeftOut]) -> Iterator[tuple[bytes, str]]:
    """Content and name of each XML file; what cannot be opened joins ``left_out``."""
    for file in files:
        try:
            if file.suffix.lower() == ".xml":
                yield file.read_bytes(), str(file)
                continue
            with zipfile.ZipFile(file) as archive:
                for name in filter(_is_xml, archive.namelist()):
                    yield archive.read(name), f"{file}: {name}"
        except (OSError, zipfile.BadZipFile, RuntimeError) as error:  # RuntimeError: an archive with a password
            left_out.append(LeftOut(f"{file}: cannot be opened ({str(error) or type(error).__name__}); download it again"))


def _xml_names(file: Path) -> list[str]:
    """Names of the XML files in an archive; none where it cannot be opened."""
    try:
        with zipfile.ZipFile(file) as archive:
            return list(filter(_is_xml, archive.namelist()))
    except (OSError, zipfile.BadZipFile):
        return []


def _is_xml(name: str) -> bool:
    return name.lower().endswith(".xml") and not Path(name).name.startswith(".")  # Finder's companions are no files of their own


def read_headers(paths: Sequence[Path]) -> tuple[list[SliceHeader], list[LeftOut]]:
    """Headers of the CT images among some files, and those that are damaged."""
    headers: list[SliceHeader] = []
    left_out: list[LeftOut] = []
    for path in paths:
        try:
            header = read_slice_header(path)
        except InputError as error:
            left_out.append(LeftOut(str(error)))
            continue
        if header is not None:
            headers.append(header)
    return headers, left_out


def pair(headers: Sequence[SliceHeader], readings: Readings) -> tuple[list[LidcScan], list[LeftOut]]:
    """Bring series and XML files together by the UIDs that both name.

    Args:
        headers: of any number of series.
        readings: XML files; one that names no series belongs to its study's CT, where that is the only one.

    Returns:
        Scans sorted by patient and series; and each series without an XML file, each XML file without its series, and each series that is
        no regular grid, with the reason.
    """
    by_series: dict[str, list[SliceHeader]] = {}
    for header in headers:
        by_series.setdefault(header.series_uid, []).append(header)
    by_study: dict[str, set[str]] = {}
    for uid, slices in by_series.items():
        by_study.setdefault(slices[0].study_uid, set()).add(uid)
    marked, left_out = _markings_by_series(readings, by_series, by_study)
    scans: list[LidcScan] = []
    for uid, slices in by_series.items():
        patient = slices[0].patient
        try:
            markings = _only_reading(marked.get(uid, []), slices[0])
            scans.append(LidcScan(stack_slices(slices), markings))
        except InputError as error:
            left_out.append(LeftOut(str(error), uid, patient))
    return sorted(scans, key=lambda scan: (scan.series.patient, scan.series.series_uid)), left_out


def _markings_by_series(
    readings: Readings, by_series: dict[str, list[SliceHeader]], by_study: dict[str, set[str]]
) -> tuple[dict[str, list[ScanMarkings]], list[LeftOut]]:
    """The readings of each series that is there, and those whose series is not."""
    marked: dict[str, list[ScanMarkings]] = {}
    left_out = list(readings.left_out)
    for markings in readings.markings:
        in_study = by_study.get(markings.study_uid, set())
        uid = markings.series_uid or (next(iter(in_study)) if len(in_study) == 1 else "")
        if uid in by_series:
            marked.setdefault(uid, []).append(markings)
        else:
            left_out.append(LeftOut(f"{markings.source}: the series that it reads is not in the folder", markings.series_uid))
    return marked, left_out


def _only_reading(found: Sequence[ScanMarkings], header: SliceHeader) -> ScanMarkings:
    """The reading of a series; LIDC-IDRI holds up to six copies of one, which count once.

    Raises:
        InputError: there is none, or two differ.
    """
    if not found:
        raise InputError(f"{header.path.parent}: no XML file reads this series")
    other = next((one for one in found if one.digest != found[0].digest), None)
    if other is not None:
        raise InputError(f"{other.source}: reads the same series as {found[0].source} and differs from it; keep one of them")
    return found[0]
