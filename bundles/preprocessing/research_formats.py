"""CT volumes in research formats: NIfTI through nibabel, MetaImage and NRRD through SimpleITK."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.coordinates import spacing_of, swap_ras_lps
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import replace_padding, require_hounsfield_units, require_volume

FORMATS = {".nii": "nifti", ".nii.gz": "nifti", ".mha": "metaimage", ".mhd": "metaimage", ".nrrd": "nrrd", ".nhdr": "nrrd"}
"""File ending -> kind of :class:`CTSource`."""

UNKNOWN_ORIENTATION = "The file does not say how the image lies in the patient: left and right, front and back are a guess."

PERPENDICULAR_TOLERANCE = 1e-3
"""How far the cosine between two axes may be from 0: half a millimetre across a 500 mm field of view, more than float32 headers round."""

_NAMES = {"nifti": "NIfTI", "metaimage": "MetaImage", "nrrd": "NRRD"}
_ITK_READERS = {"metaimage": "MetaImageIO", "nrrd": "NrrdImageIO"}  # named, so that ITK never guesses another from a file's content

Image = tuple[NDArray[np.float32], NDArray[np.float64], tuple[str, ...]]
"""Values with axes (i, j, k), the affine in LPS mm, warnings."""


def research_format(path: Path) -> str | None:
    """The kind that :data:`FORMATS` gives for a file name, or None when the ending is of no research format."""
    name = path.name.lower()
    return next((kind for ending, kind in FORMATS.items() if name.endswith(ending)), None)


def read_research_ct(path: Path) -> CTVolume:
    """Read a CT in Hounsfield units from NIfTI, MetaImage or NRRD.

    Args:
        path: a file whose ending is a key of :data:`FORMATS`.

    Returns:
        The volume with axes in the file's own order, LPS mm, padding replaced and marked.

    Raises:
        InputError: no such format, unreadable, not a single-valued volume, sheared grid, or values that are no Hounsfield units.
    """
    kind = research_format(path)
    if kind is None:
        raise InputError(f"{path}: not one of {', '.join(FORMATS)}; convert the CT to one of them")
    read: Callable[[Path, str], Image] = _read_nifti if kind == "nifti" else _read_itk
    hu, affine, warnings = read(path, kind)
    if not np.isfinite(hu).all():
        raise InputError(f"{path}: some voxels are NaN or infinite; replace them by air (-1000)")
    directions = affine[:3, :3] / np.asarray(spacing_of(affine))
    if not np.allclose(directions.T @ directions, np.eye(3), atol=PERPENDICULAR_TOLERANCE):
        raise InputError(f"{path}: its axes are not perpendicular (sheared grid); resample the CT to an orthogonal grid")
    padding = replace_padding(hu)
    require_hounsfield_units(hu, padding, str(path))
    source = CTSource(kind=kind, path=str(path), selection_reason="The file holds one volume.", warnings=warnings)
    return CTVolume(hu, affine, source, padding)


def _read_nifti(path: Path, kind: str) -> Image:
    """Through nibabel: ITK's reader fills a truncated file up and turns NaN into 0 HU, water, both without a word."""
    try:
        image: Any = nib.load(path)
        if image.get_data_dtype().fields is not None:
            raise InputError(f"{path}: a CT has one value per voxel, this image has colours; give the CT itself")
        shape = _volume_shape(image.shape, path)
        hu = image.get_fdata(dtype=np.float32, caching="unchanged").reshape(shape, order="F")
    except (ImageFileError, HeaderDataError, OSError, EOFError, ValueError, zlib.error) as error:
        raise _unreadable(path, kind) from error
    unknown = int(image.header["qform_code"]) == 0 and int(image.header["sform_code"]) == 0
    return hu, swap_ras_lps(image.affine), (UNKNOWN_ORIENTATION,) if unknown else ()


def _read_itk(path: Path, kind: str) -> Image:
    """Through SimpleITK, whose physical space is LPS in mm: origin, spacing and direction are the affine as they stand."""
    reader: Any = sitk.ImageFileReader()  # type: ignore[no-untyped-call]  # SimpleITK ships no types
    reader.SetImageIO(_ITK_READERS[kind])
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()  # sizes are checked before any voxel is loaded
        if reader.GetNumberOfComponents() != 1:
            raise InputError(f"{path}: a CT has one value per voxel, this image has {reader.GetNumberOfComponents()}; give the CT itself")
        shape = _volume_shape(reader.GetSize(), path)
        if reader.GetDimension() > len(shape):
            reader.SetExtractSize([*shape] + [0] * (reader.GetDimension() - len(shape)))
        image = reader.Execute()
    except RuntimeError as error:
        raise _unreadable(path, kind) from error
    # ITK arrays are (k, j, i); the transposed view keeps i fastest in memory, as NIfTI files and DICOM slices have it.
    hu = sitk.GetArrayFromImage(image).astype(np.float32, copy=False).transpose(2, 1, 0)
    affine = np.eye(4)
    affine[:3, :3] = np.asarray(image.GetDirection()).reshape(3, 3) * np.asarray(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    unknown = kind == "nrrd" and not image.HasMetaDataKey("NRRD_space")
    return hu, affine, (UNKNOWN_ORIENTATION,) if unknown else ()


def _volume_shape(shape: tuple[int, ...], path: Path) -> tuple[int, ...]:
    """The shape without trailing axes of length one.

    Raises:
        InputError: what is left is no volume.
    """
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    require_volume(shape, str(path))
    return shape


def _unreadable(path: Path, kind: str) -> InputError:
    """One line for what libraries report in many."""
    return InputError(f"{path}: cannot be read as {_NAMES[kind]} (missing, truncated, damaged or another format); export it again")
