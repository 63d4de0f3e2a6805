"""A CT volume as a classic DICOM CT series, the same bytes for the same input."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import DSfloat

from nodulescope.bundles.contracts import CTVolume
from nodulescope.operators.dicom.ct_slice import COSINE_TOLERANCE


def write_ct_series(
    ct: CTVolume,
    folder: Path,
    *,
    patient_id: str,
    patient_name: str,
    patient_sex: str = "O",
    patient_birth_date: str = "",
    study_description: str = "Chest CT",
    series_description: str = "",
    series_number: int = 1,
    study_date: str = "20000101",
    study_time: str = "120000",
    body_part: str = "CHEST",
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "AXIAL"),
    seed: str = "",
    slope: float = 1.0,
    intercept: float = -1024.0,
    padding_value: int | None = None,
) -> tuple[Path, ...]:
    """Write one uncompressed CT Image object per slice.

    Nothing is taken from the clock or from chance: UIDs are derived from the arguments and the voxels, so a repeated run replaces its
    files rather than adding a second series. Calls with the same patient, study date, time, description and seed write into the same
    study and frame of reference.

    Args:
        ct: the volume; its axes i and j become columns and rows, k the slices (``InstanceNumber`` = k + 1).
        folder: created where needed; the files are ``ct-0001.dcm`` and so on.
        patient_id: Patient ID.
        patient_name: Patient's Name, in DICOM's form (family^given).
        patient_sex: M, F or O.
        patient_birth_date: YYYYMMDD, or empty for unknown.
        study_description: Study Description.
        series_description: Series Description.
        series_number: Series Number.
        study_date: YYYYMMDD, used for the series and its content too.
        study_time: HHMMSS, likewise.
        body_part: Body Part Examined.
        image_type: Image Type.
        seed: anything that tells apart studies which agree in everything else.
        slope: HU per stored unit.
        intercept: HU of the stored value 0.
        padding_value: stored value that voxels of ``ct.padding`` get, declared as Pixel Padding Value; None writes their HU as they are.

    Returns:
        The files, ``k = 0`` first.

    Raises:
        ValueError: the grid is not rectangular, or values do not fit 16 signed bits with this slope and intercept.
    """
    stored = _stored_values(ct, slope, intercept, padding_value)
    study_uid = _uid("study", patient_id, study_date, study_time, study_description, seed)
    content = hashlib.sha256(stored.tobytes() + ct.affine_lps.tobytes()).hexdigest()
    scale = f"{float(slope)!r} {float(intercept)!r}"
    series_uid = _uid(study_uid, "series", series_description, str(series_number), *image_type, scale, content)

    shared = _grid(ct)
    shared.SpecificCharacterSet = "ISO_IR 192"
    shared.ImageType = list(image_type)
    shared.SOPClassUID = CTImageStorage
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(shared, keyword, study_date)
        setattr(shared, keyword.replace("Date", "Time"), study_time)
    shared.AccessionNumber = ""
    shared.Modality = "CT"
    shared.Manufacturer = "nodulescope"
    shared.ManufacturerModelName = "nodulescope"
    shared.ReferringPhysicianName = ""
    shared.StudyDescription = study_description
    shared.SeriesDescription = series_description
    shared.PatientName, shared.PatientID = patient_name, patient_id
    shared.PatientBirthDate, shared.PatientSex = patient_birth_date, patient_sex
    shared.BodyPartExamined = body_part
    shared.KVP = None
    shared.PatientPosition = "HFS"
    shared.StudyInstanceUID, shared.SeriesInstanceUID = study_uid, series_uid
    shared.StudyID, shared.SeriesNumber, shared.AcquisitionNumber = "1", series_number, 1
    shared.FrameOfReferenceUID = _uid(study_uid, "frame of reference")
    shared.PositionReferenceIndicator = ""
    if padding_value is not None:
        shared.add_new("PixelPaddingValue", "SS", padding_value)
    shared.RescaleIntercept, shared.RescaleSlope, shared.RescaleType = _decimal(intercept), _decimal(slope), "HU"

    folder.mkdir(parents=True, exist_ok=True)
    return tuple(_write_slice(ct, stored[k], shared, k, folder) for k in range(ct.shape[2]))


def _write_slice(ct: CTVolume, stored: NDArray[np.int16], shared: Dataset, k: int, folder: Path) -> Path:
    """Write slice k: what all slices share, its place, and its pixels, shape (rows, columns)."""
    dataset = Dataset()
    dataset.update(shared)
    dataset.SOPInstanceUID = _uid(str(shared.SeriesInstanceUID), "slice", str(k))
    dataset.InstanceNumber = k + 1
    position = ct.affine_lps[:3, 3] + k * ct.affine_lps[:3, 2]
    dataset.ImagePositionPatient = [_decimal(v) for v in position]
    dataset.PixelData = stored.astype("<i2").tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path = folder / f"ct-{k + 1:04d}.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def _grid(ct: CTVolume) -> Dataset:
    """What the slices' grid and 16-bit pixels are described by; only the position differs between them."""
    spacing = ct.spacing_mm
    directions = ct.affine_lps[:3, :3] / np.asarray(spacing)
    if not np.allclose(directions.T @ directions, np.eye(3), atol=COSINE_TOLERANCE):
        raise ValueError("a sheared grid cannot be written as a CT series; resample it first")
    grid = Dataset()
    grid.ImageOrientationPatient = [_decimal(v) for v in (*directions[:, 0], *directions[:, 1])]
    grid.PixelSpacing = [_decimal(spacing[1]), _decimal(spacing[0])]  # rows lie one j step apart, columns one i step
    grid.SliceThickness = _decimal(spacing[2])
    grid.Columns, grid.Rows = ct.shape[0], ct.shape[1]
    grid.SamplesPerPixel, grid.PhotometricInterpretation = 1, "MONOCHROME2"
    grid.BitsAllocated, grid.BitsStored, grid.HighBit, grid.PixelRepresentation = 16, 16, 15, 1
    return grid


def _stored_values(ct: CTVolume, slope: float, intercept: float, padding_value: int | None) -> NDArray[np.int16]:
    """What is stored: int16, shape (slices, rows, columns)."""
    stored = np.rint((ct.hu.T.astype(np.float64) - intercept) / slope)
    if ct.padding is not None and padding_value is not None:
        stored[ct.padding.T] = padding_value
    limits = np.iinfo(np.int16)
    if stored.min() < limits.min or stored.max() > limits.max:
        given = f"{ct.hu.min():g} to {ct.hu.max():g} HU"
        raise ValueError(f"values from {given} do not fit 16 bits with slope {slope:g} and intercept {intercept:g}")
    return np.ascontiguousarray(stored, dtype=np.int16)


def _uid(*sources: str) -> str:
    """A UID that follows from its sources. The separator keeps ("ab", "c") and ("a", "bc") apart."""
    return generate_uid(entropy_srcs=[part + "\0" for part in sources])


def _decimal(value: float) -> DSfloat:
    """A decimal string of at most 16 characters (PS3.5 section 6.2)."""
    return DSfloat(float(value), auto_format=True)
