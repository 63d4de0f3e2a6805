"""A CT in Hounsfield units on its own grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.coordinates import spacing_of
from nodulescope.bundles.errors import InputError

AIR_HU = -1000.0
"""Air by the definition of the Hounsfield scale; stands in wherever nothing was measured (padding, outside the grid)."""


@dataclass(frozen=True)
class CTSource:
    """Where a CT came from, as far as the input says.

    Attributes:
        kind: ``"dicom"``, ``"nifti"``, ``"metaimage"``, ``"nrrd"`` or ``"phantom"``.
        path: what the user named, for messages.
        study_instance_uid: empty where the format has none.
        series_instance_uid: empty where the format has none.
        selection_reason: one sentence on why this series was analysed.
        warnings: what a reader of the result must know about the input.
        instances: DICOM only: the headers (``pydicom.Dataset`` without pixels) in the order of the slices, ``k = 0`` first; one header
        for an
            enhanced multi-frame object.
    """

    kind: str
    path: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    selection_reason: str = ""
    warnings: tuple[str, ...] = ()
    instances: tuple[Any, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class CTVolume:
    """A CT in Hounsfield units on the grid it was read on.

    Attributes:
        hu: float32 Hounsfield units, shape (ni, nj, nk); for DICOM i counts columns, j rows and k slices. Padding is already replaced by
            :data:`AIR_HU` so that it cannot bleed into tissue when the volume is resampled.
        affine_lps: 4x4 matrix from (i, j, k, 1) to patient coordinates (LPS, mm) of the voxel's centre.
        source: provenance.
        padding: boolean mask, same shape as ``hu``, of voxels that were never measured (padding), or None when all were measured.

    Raises:
        InputError: the array is not 3-D, holds NaN or infinities, or the affine is singular.
    """

    hu: NDArray[np.float32]
    affine_lps: NDArray[np.float64]
    source: CTSource
    padding: NDArray[np.bool_] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        where = self.source.path or "the CT"
        if self.hu.ndim != 3:
            raise InputError(f"{where}: a CT has three dimensions, this image has {self.hu.ndim}")
        if self.affine_lps.shape != (4, 4) or abs(np.linalg.det(self.affine_lps[:3, :3])) < 1e-9:
            raise InputError(f"{where}: its voxel grid is flat or has no valid orientation")
        if not bool(np.isfinite(self.hu).all()):
            raise InputError(f"{where}: some voxels are NaN or infinite")
        if self.padding is not None and self.padding.shape != self.hu.shape:
            raise InputError(f"{where}: the padding mask does not match the image")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along i, j and k."""
        ni, nj, nk = self.hu.shape
        return ni, nj, nk

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance in mm between voxel centres along i, j and k."""
        return spacing_of(self.affine_lps)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in mm³ (exact for sheared grids too)."""
        return float(abs(np.linalg.det(self.affine_lps[:3, :3])))

    def cropped(self, start: tuple[int, int, int], stop: tuple[int, int, int]) -> CTVolume:
        """The voxels ``start <= index < stop`` as a CT of their own, on the same patient coordinates."""
        box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        affine = self.affine_lps.copy()
        affine[:3, 3] += affine[:3, :3] @ np.asarray(start, dtype=np.float64)
        padding = None if self.padding is None else self.padding[box]
        return CTVolume(self.hu[box], affine, self.source, padding)

    def describe(self) -> Mapping[str, Any]:
        """Size and spacing for logs and ``findings.json``: no identifiers."""
        return {"size": list(self.shape), "spacing_mm": [round(s, 4) for s in self.spacing_mm]}
