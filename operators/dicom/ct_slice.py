"""One CT slice: a classic image, or one frame of an enhanced multi-frame image, with what reading it needs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

from nodulescope.bundles.errors import InputError

CLASSIC_CT = CTImageStorage
MULTI_FRAME_CT = (EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)

HOUNSFIELD_RESCALE_TYPES = ("", "HU", "HU_MOD", "US")
"""Rescale types whose values are Hounsfield units (PS3.3 C.11.1.1.2); ``US`` is "unspecified", so that the values themselves decide
later. Spectral CT also stores densities, effective atomic numbers and the like, which are no CT to grade."""

PROJECTIONS = frozenset(
    {"LOCALIZER", "SCOUT", "TOPOGRAM", "PROJECTION", "MIP", "MINIP", "MAX_IP", "MIN_IP", "MAXIMUM", "MINIMUM"}
    | {"VRT", "SSD", "VOLUME_RENDER", "SURFACE_RENDER"}
)
"""Words of an Image Type whose pixels are no CT numbers of one place: scout views (PS3.3 C.8.2.1.1.1), maximum and minimum intensity
projections and rendered surfaces (C.8.16.2.1.4, and the shorter words that scanners write)."""

PARAMETER_MAPS = frozenset({"PERFUSION", "RCBF", "RCBV", "MTT", "TTP", "TMAX", "PBV"})
"""Words of an Image Type whose pixels measure blood flow (PS3.3 C.8.15), not density."""

COSINE_TOLERANCE = 1e-3
"""How far direction cosines may be from unit length and right angles: half a millimetre across a 500 mm field of view."""


@dataclass(frozen=True)
class CTSlice:
    """One plane of stored values and where it lies.

    Attributes:
        header: the object's header, without pixels.
        frame: index of the frame within the object; 0 for a classic image.
        position: LPS mm of the centre of the first voxel (Image Position Patient).
        row_direction: unit vector in LPS along which the column index i grows (first triple of Image Orientation Patient).
        column_direction: unit vector in LPS along which the row index j grows (second triple).
        row_spacing_mm: distance between rows, thus along j (first value of Pixel Spacing).
        column_spacing_mm: distance between columns, thus along i (second value).
        slope: HU per stored unit.
        intercept: HU of the stored value 0.
        image_type: Image Type; of a frame its own Frame Type and, where it was calculated from a volume, the technique.
        padding: lowest and highest *stored* value that the header declares as padding, or None.
    """

    header: FileDataset = field(repr=False)
    frame: int
    position: NDArray[np.float64]
    row_direction: NDArray[np.float64]
    column_direction: NDArray[np.float64]
    row_spacing_mm: float
    column_spacing_mm: float
    slope: float
    intercept: float
    image_type: tuple[str, ...]
    padding: tuple[int, int] | None

    @property
    def path(self) -> Path:
        """The file."""
        return file_of(self.header)

    @property
    def name(self) -> str:
        """The file, and the frame where there are several: for messages."""
        return f"{self.path} frame {self.frame + 1}" if "NumberOfFrames" in self.header else str(self.path)

    @property
    def size(self) -> tuple[int, int]:
        """Number of columns (along i) and rows (along j)."""
        return int(self.header.Columns), int(self.header.Rows)

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector across the slice along which k grows: row direction x column direction."""
        normal = np.cross(self.row_direction, self.column_direction)
        return np.asarray(normal / np.linalg.norm(normal))


def is_ct_image(header: Dataset) -> bool:
    """Whether an object is a CT image of any kind: no report, segmentation, dose sheet, presentation state, PET or MR."""
    return header.SOPClassUID == CLASSIC_CT or header.SOPClassUID in MULTI_FRAME_CT


def ct_slices(header: FileDataset) -> list[CTSlice]:
    """The slices that a CT object holds; what :func:`is_picture` names is no slice and is left out.

    Args:
        header: a header for which :func:`is_ct_image` holds.

    Raises:
        InputError: an attribute that geometry or Hounsfield units need is missing or nonsense; a part of a larger object only.
    """
    path = file_of(header)
    try:
        if int(header.get("InConcatenationTotalNumber") or 1) > 1:
            raise InputError(f"{path}: holds only one part of a multi-frame image that was split (concatenation); export it in one piece")
        frames = int(header.get("NumberOfFrames") or 1)
        if header.SOPClassUID in MULTI_FRAME_CT:
            sources = [_frame_sources(header, index) for index in range(frames)]
        elif frames == 1:
            sources = [_Sources(header, header, header, header, header.get("ImageType"))]
        else:
            raise InputError(f"{path}: a CT image that is not an enhanced one holds a single frame; export it again")
        return [_slice(header, index, source) for index, source in enumerate(sources) if not is_picture(source.kinds)]
    except AttributeError as error:
        attribute = str(error).rsplit("'", 2)[-2] if "'" in str(error) else "an attribute"
        raise InputError(f"{path}: {attribute} is missing: the file is truncated or no conforming CT image; export it again") from error
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(f"{path}: its geometry or rescale values are malformed; export it again") from error


def is_picture(image_type: Sequence[str]) -> bool:
    """Whether an Image Type names a projection or a parameter map: one of its words is in :data:`PROJECTIONS` or
    :data:`PARAMETER_MAPS`.
    """
    words = {word for value in image_type for word in (value.upper(), *value.upper().split())}
    return not words.isdisjoint(PROJECTIONS | PARAMETER_MAPS)


def is_placed(header: Dataset) -> bool:
    """Whether a CT object says at all where it lies. A screen shot filed as CT image carries neither position nor orientation; a slice
    that lost one of both is damaged.
    """
    return header.SOPClassUID in MULTI_FRAME_CT or "ImagePositionPatient" in header or "ImageOrientationPatient" in header


def file_of(header: FileDataset) -> Path:
    """The file that a header was read from."""
    return Path(os.fsdecode(header.filename or ""))


class _Sources(NamedTuple):
    """The datasets that hold a slice's attributes: all the same one for a classic image, functional groups for a frame."""

    position: Dataset
    orientation: Dataset
    measures: Dataset
    rescale: Dataset
    image_type: str | Sequence[str] | None

    @property
    def kinds(self) -> tuple[str, ...]:
        return (self.image_type,) if isinstance(self.image_type, str) else tuple(self.image_type or ())


def _frame_sources(header: FileDataset, index: int) -> _Sources:
    """A frame's own functional groups, and the shared ones where it has none (PS3.3 C.7.6.16)."""
    own: Dataset = header.PerFrameFunctionalGroupsSequence[index]
    shared: Dataset = header.SharedFunctionalGroupsSequence[0]

    def group(keyword: str) -> Dataset:
        sequence = own.get(keyword) or shared.get(keyword)
        if not sequence:
            raise AttributeError(f"no attribute '{keyword}'")
        item: Dataset = sequence[0]
        return item

    frame_type = group("CTImageFrameTypeSequence")
    technique = str(frame_type.get("VolumeBasedCalculationTechnique") or "NONE")
    kinds = frame_type.get("FrameType") or ()
    return _Sources(
        position=group("PlanePositionSequence"),
        orientation=group("PlaneOrientationSequence"),
        measures=group("PixelMeasuresSequence"),
        rescale=group("PixelValueTransformationSequence"),
        image_type=[*((kinds,) if isinstance(kinds, str) else kinds), *(() if technique == "NONE" else (technique,))],
    )


def _slice(header: FileDataset, frame: int, source: _Sources) -> CTSlice:
    """Build a slice, all its values checked."""
    directions = np.asarray([float(v) for v in source.orientation.ImageOrientationPatient]).reshape(2, 3)
    if not np.allclose(directions @ directions.T, np.eye(2), atol=COSINE_TOLERANCE):
        raise ValueError("direction cosines")
    row_spacing, column_spacing = (float(v) for v in source.measures.PixelSpacing)
    position = np.asarray([float(v) for v in source.position.ImagePositionPatient])
    if position.shape != (3,) or not np.isfinite(position).all() or min(row_spacing, column_spacing) <= 0:
        raise ValueError("position or spacing")
    if min(int(header.Columns), int(header.Rows)) < 1:
        raise ValueError("size")
    slope, intercept = _rescale(header, source.rescale)
    row_direction, column_direction = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return CTSlice(
        header=header,
        frame=frame,
        position=position,
        row_direction=row_direction,
        column_direction=column_direction,
        row_spacing_mm=row_spacing,
        column_spacing_mm=column_spacing,
        slope=slope,
        intercept=intercept,
        image_type=source.kinds,
        padding=_padding_limits(header),
    )


def _rescale(header: FileDataset, rescale: Dataset) -> tuple[float, float]:
    """Slope and intercept, where they lead to Hounsfield units."""
    rescale_type = str(rescale.get("RescaleType") or "").strip().upper()
    if rescale_type not in HOUNSFIELD_RESCALE_TYPES:
        raise InputError(f"{file_of(header)}: its values are {rescale_type}, not Hounsfield units; choose the series of CT numbers")
    if "ModalityLUTSequence" in rescale:
        raise InputError(f"{file_of(header)}: it maps values through a lookup table, a CT does so by slope and intercept; export it again")
    slope, intercept = float(rescale.RescaleSlope), float(rescale.RescaleIntercept)
    if not np.isfinite([slope, intercept]).all() or slope == 0:
        raise ValueError("rescale")
    return slope, intercept


def _padding_limits(header: FileDataset) -> tuple[int, int] | None:
    """Stored values that are declared as padding (PS3.3 C.7.5.1.1.2).

    The values are encoded as US or SS after Pixel Representation, yet files exist that write a negative value as US (LIDC-IDRI: 63536 for
    -2000), so both are read as the pixels are.
    """
    value = header.get("PixelPaddingValue")
    if value is None:
        return None
    limit = header.get("PixelPaddingRangeLimit")
    first, last = (_as_stored(int(v), header) for v in (value, value if limit is None else limit))
    return min(first, last), max(first, last)


def _as_stored(value: int, header: FileDataset) -> int:
    """Read a word of Bits Allocated with the sign that the pixels have."""
    modulus = 1 << int(header.BitsAllocated)
    word = value % modulus
    return word - modulus if int(header.PixelRepresentation) == 1 and word >= modulus // 2 else word
