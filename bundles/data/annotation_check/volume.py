"""Images and label maps as the datalist's files hold them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from nodulescope.bundles.coordinates import index_to_world, spacing_of, swap_ras_lps, world_to_index
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.research_formats import FORMATS, research_format

OFF_AXIS = 1e-3
"""Off-axis part of a grid's step, relative to the step, that is rounding and no rotation."""

SAME_PLACE_MM = 0.1
"""Corners of two grids that are the same lie no farther apart: headers round."""


@dataclass(frozen=True)
class Volume:
    """Values on a grid.

    Attributes:
        values: shape (ni, nj, nk), in the file's own type of number.
        affine_lps: voxel-to-world matrix, LPS mm.
    """

    values: NDArray[Any]
    affine_lps: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along i, j, k."""
        return self.values.shape

    @property
    def center_lps_mm(self) -> NDArray[np.float64]:
        """The middle of the grid."""
        return index_to_world(self.affine_lps, (np.asarray(self.shape) - 1) / 2.0)

    def is_axis_parallel(self) -> bool:
        """Whether each index axis runs along one axis of the patient."""
        steps = np.abs(self.affine_lps[:3, :3])
        return bool((steps.sum(axis=0) - steps.max(axis=0) <= OFF_AXIS * steps.max(axis=0)).all())

    def has_grid_of(self, other: Volume) -> bool:
        """Whether both have the same voxels at the same places."""
        corners = np.array([(0, 0, 0), *(np.diag(self.shape) - np.eye(3))])
        here, there = (index_to_world(volume.affine_lps, corners) for volume in (self, other))
        return self.shape == other.shape and bool(np.allclose(here, there, atol=SAME_PLACE_MM))

    def is_finite(self) -> bool:
        """Whether no value is NaN or infinite."""
        return not np.issubdtype(self.values.dtype, np.floating) or bool(np.isfinite(self.values).all())

    def distance_mm(self, point_lps_mm: NDArray[np.float64], most_mm: float) -> float:
        """Distance from a point to the centre of the nearest voxel that is not zero; infinite when that is more than ``most_mm``."""
        spacing = np.asarray(spacing_of(self.affine_lps))
        index = world_to_index(self.affine_lps, point_lps_mm)
        low = np.maximum(np.floor(index - most_mm / spacing).astype(int), 0)
        high = np.maximum(np.ceil(index + most_mm / spacing).astype(int) + 1, 0)
        near = np.argwhere(self.values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]) + low
        if not len(near):
            return np.inf
        nearest = float(np.linalg.norm((near - index) * spacing, axis=1).min())
        return nearest if nearest <= most_mm else np.inf


def read_volume(path: Path) -> Volume:
    """Read an image or a label map.

    Args:
        path: NIfTI, MetaImage or NRRD.

    Raises:
        InputError: there is no such file, it cannot be read, or it is no volume.
    """
    kind = research_format(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if kind is None:
        raise InputError(f"{path}: not one of {', '.join(FORMATS)}")
    try:
        values, affine = _read_nifti(path) if kind == "nifti" else _read_itk(path)
    except (ImageFileError, HeaderDataError, OSError, EOFError, ValueError, RuntimeError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read (truncated, damaged or another format)") from error
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3 or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise InputError(f"{path}: no volume with one value per voxel ({' x '.join(str(n) for n in values.shape)})")
    return Volume(values, affine)


def _read_nifti(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    image: Any = nib.load(path)
    return np.asanyarray(image.dataobj), swap_ras_lps(image.affine)


def _read_itk(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    image: Any = sitk.ReadImage(str(path))
    affine = np.eye(4)
    if image.GetDimension() == 3:
        affine[:3, :3] = np.asarray(image.GetDirection()).reshape(3, 3) * np.asarray(image.GetSpacing())
        affine[:3, 3] = image.GetOrigin()
    return sitk.GetArrayFromImage(image).T, affine
