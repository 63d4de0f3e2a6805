"""A CT series of LIDC-IDRI: headers through pydicom, pixels through SimpleITK.

The application's own reader stands on the floor above, where no training code may reach; it takes any hospital's DICOM. This one takes
classic axial CT images, as the collection has them, and says in one line what else it met.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import replace_padding, require_hounsfield_units, require_volume

NEEDED = (
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "Rows",
    "Columns",
)
"""All that is read of a header: no names, and quicker than all of it."""

PREAMBLE_BYTES, PREFIX = 128, b"DICM"
"""How a DICOM file begins (PS3.10 section 7.1), whatever it is called."""

SAME_POSITION_MM = 0.01
"""Slices closer than this lie at the same place; the thinnest CT slices are some 0.1 mm apart."""

GAP_FACTOR = 1.5
"""A step longer than this many usual steps hides a missing slice."""

EVEN_SPACING_TOLERANCE = 0.1
"""How far a slice may lie from its place on the even grid, in slice steps: positions are rounded to as little as 0.1 mm."""

TURNED_TOLERANCE = 1e-3
"""How far an axis of the grid may point away from the patient's: half a millimetre across 500 mm, which rounding explains."""


@dataclass(frozen=True)
class SliceHeader:
    """What one CT image says about itself, pixels aside.

    Attributes:
        path: the file.
        patient: Patient ID.
        study_uid: Study Instance UID.
        series_uid: Series Instance UID.
        slice_uid: SOP Instance UID.
        size: columns and rows.
        spacing_mm: distance between columns, and between rows.
        orientation: Image Orientation (Patient): direction along a row, and along a column.
        position: Image Position (Patient): centre of the first pixel, LPS mm.
    """

    path: Path
    patient: str
    study_uid: str
    series_uid: str
    slice_uid: str
    size: tuple[int, int]
    spacing_mm: tuple[float, float]
    orientation: tuple[float, ...]
    position: tuple[float, ...]


@dataclass(frozen=True)
class CTSeries:
    """Slices that form a regular grid.

    Attributes:
        patient: Patient ID.
        study_uid: Study Instance UID.
        series_uid: Series Instance UID.
        files: in the order of the slices, k = 0 first.
        slice_uids: likewise.
        size: columns and rows.
        affine_lps: 4x4 matrix from (column, row, slice, 1) to LPS mm.
    """

    patient: str
    study_uid: str
    series_uid: str
    files: tuple[Path, ...] = field(repr=False)
    slice_uids: tuple[str, ...] = field(repr=False)
    size: tuple[int, int]
    affine_lps: NDArray[np.float64] = field(repr=False)

    @property
    def folder(self) -> Path:
        """Where the first slice lies, for messages."""
        return self.files[0].parent

    @property
    def slices(self) -> dict[str, int]:
        """Number of each slice by its UID."""
        return {uid: k for k, uid in enumerate(self.slice_uids)}


def read_slice_header(path: Path) -> SliceHeader | None:
    """Read the header of a CT image.

    Returns:
        The header; None for another kind of file and of object (patients of LIDC-IDRI have radiographs too).

    Raises:
        InputError: it is a CT image and damaged, or lacks what its geometry needs.
    """
    try:
        with path.open("rb") as file:
            if file.read(PREAMBLE_BYTES + len(PREFIX))[PREAMBLE_BYTES:] != PREFIX:
                return None
        header = dcmread(path, stop_before_pixels=True, specific_tags=list(NEEDED))
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror}); check that it exists and may be read") from error
    except Exception as error:  # damaged files raise anything from EOFError to zlib.error
        raise InputError(f"{path}: damaged DICOM file; download it again") from error
    if header.file_meta.get("MediaStorageSOPClassUID") != CTImageStorage:
        return None
    try:
        return _slice_header(path, header)
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(f"{path}: its geometry or one of its UIDs is missing or malformed; download it again") from error


def _slice_header(path: Path, header: Dataset) -> SliceHeader:
    row_spacing, column_spacing = (float(v) for v in header.PixelSpacing)
    orientation = tuple(float(v) for v in header.ImageOrientationPatient)
    position = tuple(float(v) for v in header.ImagePositionPatient)
    numbers = (row_spacing, column_spacing, *orientation, *position)
    if len(numbers) != 11 or not np.isfinite(numbers).all() or min(row_spacing, column_spacing) <= 0:
        raise ValueError("geometry")
    return SliceHeader(
        path,
        str(header.PatientID),
        str(header.StudyInstanceUID),
        str(header.SeriesInstanceUID),
        str(header.SOPInstanceUID),
        (int(header.Columns), int(header.Rows)),
        (column_spacing, row_spacing),
        orientation,
        position,
    )


def stack_slices(headers: Sequence[SliceHeader]) -> CTSeries:
    """Sort the slices of one series by position and check that they form one regular grid.

    Args:
        headers: at least one, of one series, in any order; a copy of a slice is left out.

    Raises:
        InputError: mixed planes or sizes, fewer slices than a volume needs, two at one place, one missing, uneven distances, a grid
            that does not lie along the patient's axes.
    """
    unique = list({header.slice_uid: header for header in headers}.values())
    first = unique[0]
    where = str(first.path.parent)
    if len({(h.patient, h.study_uid) for h in unique}) > 1:
        raise InputError(f"{where}: its slices belong to different patients or studies; give the series as published")
    planes = Counter((h.size, h.spacing_mm, tuple(np.round(h.orientation, 3))) for h in unique)
    if len(planes) > 1:
        raise InputError(f"{where}: its slices have {len(planes)} different sizes, spacings or orientations; give the series as published")
    require_volume((*first.size, len(unique)), where)
    row, column = np.asarray(first.orientation).reshape(2, 3)
    normal = np.cross(row, column)
    ordered = sorted(unique, key=lambda h: float(normal @ h.position))
    step = _even_step(np.array([h.position for h in ordered]), normal, where)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = row * first.spacing_mm[0], column * first.spacing_mm[1], step
    affine[:3, 3] = ordered[0].position
    _require_axis_parallel(affine, where)
    return CTSeries(
        first.patient,
        first.study_uid,
        first.series_uid,
        tuple(h.path for h in ordered),
        tuple(h.slice_uid for h in ordered),
        first.size,
        affine,
    )


def _even_step(positions: NDArray[np.float64], normal: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    """From one slice to the next in LPS mm, when all steps are alike and straight."""
    along = positions @ normal
    steps = np.diff(along)
    repeated, usual = np.flatnonzero(steps < SAME_POSITION_MM), float(np.median(steps))
    if repeated.size:
        raise InputError(f"{where}: {repeated.size} position(s) hold more than one slice, the first at {along[repeated[0]]:.2f} mm")
    gaps = np.flatnonzero(steps > GAP_FACTOR * usual)
    if gaps.size:
        k, missing = int(gaps[0]), sum(max(round(float(steps[gap]) / usual) - 1, 1) for gap in gaps)
        raise InputError(f"{where}: {missing} slice(s) missing, the first between {along[k]:.2f} and {along[k + 1]:.2f} mm")
    even = np.linspace(along[0], along[-1], len(along))
    if np.abs(along - even).max() > EVEN_SPACING_TOLERANCE * usual:
        raise InputError(f"{where}: its slices are not evenly spaced (steps from {steps.min():.2f} to {steps.max():.2f} mm)")
    return np.asarray((positions[-1] - positions[0]) / (len(positions) - 1))


def _require_axis_parallel(affine: NDArray[np.float64], where: str) -> None:
    """Boxes lie along the patient's axes; so must the grid that outlines are drawn on."""
    directions = np.sort(np.abs(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)), axis=0)
    if directions[:2].max() > TURNED_TOLERANCE:
        turn = np.degrees(np.arcsin(np.clip(np.linalg.norm(directions[:2], axis=0).max(), 0.0, 1.0)))
        raise InputError(f"{where}: its slices are tilted or turned by {turn:.1f} degrees against the patient's axes")


def read_series(series: CTSeries) -> CTVolume:
    """Read the pixels of a series in Hounsfield units.

    Raises:
        InputError: a file is damaged, or its values are no Hounsfield units.
    """
    reader: Any = sitk.ImageSeriesReader()  # type: ignore[no-untyped-call]  # SimpleITK ships no types
    reader.SetImageIO("GDCMImageIO")  # named, so that ITK never guesses another from a file's content
    reader.SetFileNames([str(file) for file in series.files])
    reader.SetOutputPixelType(sitk.sitkFloat32)  # each slice has its own rescale slope and intercept
    where = str(series.folder)
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise InputError(f"{where}: the pixels of a slice are truncated or damaged; download the series again") from error
    hu = sitk.GetArrayFromImage(image).transpose(2, 1, 0)  # ITK arrays are (k, j, i)
    if hu.shape != (*series.size, len(series.files)):
        raise InputError(f"{where}: its pixels have another size than its headers say; download the series again")
    padding = replace_padding(hu)
    require_hounsfield_units(hu, padding, where)
    source = CTSource("dicom", where, series.study_uid, series.series_uid, "It is the series that the readers marked.")
    return CTVolume(hu, series.affine_lps, source, padding)
