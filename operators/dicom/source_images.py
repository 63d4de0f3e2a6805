"""The images that a result was made from, ready to be referenced by it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pydicom.valuerep import PersonName

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.coordinates import world_to_index
from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.uids import derive_uid, input_identity

_REQUIRED = ("PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate", "StudyTime")
"""Patient and study elements of type 2 (PS3.3 C.7.1.1 and C.7.2.1): present in every object, empty where unknown."""

_VALID = {"PatientBirthDate": r"\d{8}", "StudyDate": r"\d{8}", "StudyTime": r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?", "PatientSex": r"[MFO]"}
"""Values that break their value representation are left out of the result instead of passed on."""

_DATED_BY = ("Content", "Acquisition", "Series", "Study")
"""Elements that tell when the images came into being, the most telling first."""

UNDATED = ("19000101", "000000")
"""Date and time of a result whose images carry no date at all; both are required in a result."""

METHOD_NOT_STATED = "Not stated in the source images"
"""De-identification Method, which PS3.3 C.7.1.1 requires where the identity was removed, of images that do not tell it."""

SLICE_TOLERANCE = 0.1
"""How far, in slice steps, a frame may lie from the place of its slice in the volume."""


@dataclass(frozen=True)
class SourceImages:
    """Headers of the images that a CT was read from.

    Attributes:
        headers: one per slice, ``k = 0`` first, or a single one for a multi-frame object; without pixels and *without the patient's
            name*, because highdicom writes names that it finds odd into warnings. Required elements are present.
        frame_numbers: for a multi-frame object the frame (from 1) of each slice, shape (nk,); None for single images.
        corners: shape (nk, 2): the voxel (i, j) of the CT in which the first pixel of each slice's image lies. All (0, 0) but for a tilted
            gantry, whose slices were shifted onto an upright grid (see :mod:`nodulescope.operators.dicom.gantry_tilt`).
        patient_name: the name that belongs into the result.
        date: YYYYMMDD at which the images came into being: results are dated by their images, not by the clock, so that a repeated run
            writes the same file.
        time: HHMMSS, likewise.
    """

    headers: tuple[Dataset, ...]
    frame_numbers: NDArray[np.int64] | None
    corners: NDArray[np.int64]
    patient_name: PersonName | str
    date: str
    time: str

    @property
    def frame_of_reference_uid(self) -> UID:
        """Frame of reference that the CT's patient coordinates belong to."""
        return UID(self.headers[0].FrameOfReferenceUID)

    def planes(self, labels: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Take a label map from the CT's grid to the pixels of the images, voxel by nearest voxel.

        Args:
            labels: labels on the CT's grid, shape (ni, nj, nk).

        Returns:
            Labels as the images hold their pixels, shape (frames, rows, columns): slices in the CT's order, or for a multi-frame object
            all of its frames in their own order, of which those outside of the volume stay empty.
        """
        frames = np.arange(len(self.corners)) if self.frame_numbers is None else self.frame_numbers - 1
        number = len(frames) if self.frame_numbers is None else len(self.headers[0].PerFrameFunctionalGroupsSequence)
        size = np.asarray([int(self.headers[0].Columns), int(self.headers[0].Rows)])
        planes = np.zeros((number, size[1], size[0]), dtype=labels.dtype)
        for k, (frame, corner) in enumerate(zip(frames, self.corners, strict=True)):
            start, stop = np.maximum(corner, 0), np.minimum(corner + size, labels.shape[:2])
            (left, top), (right, bottom) = start - corner, stop - corner
            planes[frame, top:bottom, left:right] = labels[start[0] : stop[0], start[1] : stop[1], k].T
        return planes


def source_images(ct: CTVolume) -> SourceImages:
    """Prepare a CT's headers for reference by results.

    Args:
        ct: a CT from DICOM.

    Raises:
        InputError: the CT carries no DICOM headers, or not as many as it has slices.
    """
    given = ct.source.instances
    if not given:
        raise InputError(f"{ct.source.path or 'the CT'}: DICOM results need a DICOM input; this one is {ct.source.kind}")
    multi_frame = "PerFrameFunctionalGroupsSequence" in given[0]
    if not multi_frame and len(given) != ct.shape[2]:
        raise InputError(f"{ct.source.path or 'the CT'}: {len(given)} DICOM headers do not fit {ct.shape[2]} slices; read the series again")
    frame_of_reference = given[0].get("FrameOfReferenceUID") or derive_uid("frame of reference", input_identity(ct))
    headers = tuple(_complete(header, given[0], str(frame_of_reference)) for header in given)
    date, time = _dated(given[0])
    name = given[0].get("PatientName") or ""
    if multi_frame:
        positions = _frame_positions(headers[0])
        frames = _frame_numbers(positions, ct)
        return SourceImages(headers, frames, _corners(positions[frames - 1], ct), name, date, time)
    return SourceImages(headers, None, _corners(np.asarray([_position(header) for header in given]), ct), name, date, time)


def replace_element(dataset: Dataset, keyword: str, value: Any) -> None:
    """Put in a new element. Assigning to the attribute would change the element itself, which other datasets share."""
    if keyword in dataset:
        del dataset[keyword]
    setattr(dataset, keyword, value)


def _complete(header: Dataset, first: Dataset, frame_of_reference: str) -> Dataset:
    """Copy a header (its values are shared) and give it every element that a result copies from it."""
    complete = Dataset()
    complete.update(header)
    replace_element(complete, "PatientName", "")
    for keyword in _REQUIRED:
        value = str(header.get(keyword) or "")
        if keyword not in header or not _is_valid(keyword, value):
            replace_element(complete, keyword, "")
    replace_element(complete, "FrameOfReferenceUID", frame_of_reference)
    if "ImageOrientationPatient" in first:
        # Scanners round it differently from slice to slice; a result has one orientation for all of its frames.
        replace_element(complete, "ImageOrientationPatient", first.ImageOrientationPatient)
    if "PerFrameFunctionalGroupsSequence" in header:
        _share_geometry(complete)
    _mend_patient_and_study(complete)
    return complete


def _mend_patient_and_study(header: Dataset) -> None:
    """Mend what results copy from their images and validators then find fault with in the results."""
    for keyword in ("ReferencedStudySequence", "ReferencedPatientSequence"):
        if keyword in header and not all(item.get("ReferencedSOPClassUID") for item in header[keyword].value):
            del header[keyword]  # optional (type 3), and without its class a reference leads nowhere
    removed = str(header.get("PatientIdentityRemoved", "")) == "YES"
    if removed and not header.get("DeidentificationMethod") and not header.get("DeidentificationMethodCodeSequence"):
        replace_element(header, "DeidentificationMethod", METHOD_NOT_STATED)


def _share_geometry(header: Dataset) -> None:
    """Move orientation and pixel measures of the first frame to the shared groups, where a result's writer looks for them."""
    frame = header.PerFrameFunctionalGroupsSequence[0]
    shared = Dataset()
    if header.get("SharedFunctionalGroupsSequence"):
        shared.update(header.SharedFunctionalGroupsSequence[0])
    for keyword in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        if keyword not in shared and keyword in frame:
            replace_element(shared, keyword, frame[keyword].value)
    replace_element(header, "SharedFunctionalGroupsSequence", [shared])


def _frame_numbers(positions: NDArray[np.float64], ct: CTVolume) -> NDArray[np.int64]:
    """Frame of each slice of the volume, by position: frames may be stored in any order, and there may be more of them than slices."""
    at = world_to_index(ct.affine_lps, positions)[:, 2]
    distance = np.abs(at[None, :] - np.arange(ct.shape[2])[:, None])
    if (distance.min(axis=1) > SLICE_TOLERANCE).any():
        where = ct.source.path or "the CT"
        raise InputError(f"{where}: the multi-frame header does not hold every slice of the volume; read the series again")
    return np.asarray(distance.argmin(axis=1) + 1, dtype=np.int64)


def _corners(positions: NDArray[np.float64], ct: CTVolume) -> NDArray[np.int64]:
    """Voxel (i, j) in which the first pixel of each slice's image lies, shape (nk, 2), from the images' positions in LPS mm."""
    return np.asarray(np.rint(world_to_index(ct.affine_lps, positions)[:, :2]), dtype=np.int64)


def _frame_positions(header: Dataset) -> NDArray[np.float64]:
    """Positions of all frames, LPS mm, shape (frames, 3)."""
    return np.array([_position(frame.PlanePositionSequence[0]) for frame in header.PerFrameFunctionalGroupsSequence], dtype=np.float64)


def _position(place: Dataset) -> list[float]:
    """Image Position (Patient) of an image or a frame, LPS mm."""
    return [float(v) for v in place.ImagePositionPatient]


def _dated(header: Dataset) -> tuple[str, str]:
    """Date and time of the images: of the first of content, acquisition, series and study that has a valid date."""
    for what in _DATED_BY:
        date, time = str(header.get(f"{what}Date") or ""), str(header.get(f"{what}Time") or "")
        if _is_valid("StudyDate", date):
            return date, time if _is_valid("StudyTime", time) else UNDATED[1]
    return UNDATED


def _is_valid(keyword: str, value: str) -> bool:
    """Whether a value keeps to its value representation, and a date is one of the calendar."""
    if not re.fullmatch(_VALID.get(keyword, ".*"), value):
        return False
    if keyword.endswith("Date"):
        try:
            datetime.strptime(value, "%Y%m%d")
        except ValueError:
            return False
    return True
