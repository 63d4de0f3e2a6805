"""The values that a site counts, with the patient that each belongs to. They stay in this process."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.data.datalist import EVERY_PART, read_datalist, read_parts
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_detection.box_classes import NODULE_CLASS
from nodulescope.federated.statistics.features import FEATURES

VOXELS_PER_SCAN = 20_000
"""Drawn from each scan for the histogram of HU: every scan counts alike, whatever its size."""

PARTS = ("training", "validation")


@dataclass(frozen=True)
class Values:
    """Values of one feature.

    Attributes:
        values: shape (n,).
        patients: number of the patient of each value, shape (n,).
    """

    values: NDArray[np.float64]
    patients: NDArray[np.int64]


def site_values(datalist: Path) -> dict[str, Values]:
    """Read a site's scans and collect the values of every feature.

    Spacing and thickness are those of an item's ``spacing_mm`` and ``slice_thickness_mm``, for data that were resampled; without them
    spacing is the file's, and thickness is told by DICOM files only.

    Args:
        datalist: as for training.

    Raises:
        InputError: the datalist or one of its images cannot be read.
    """
    collected: dict[str, list[tuple[float, int]]] = {feature.name: [] for feature in FEATURES if feature.name != "hu"}
    voxels: list[NDArray[np.float64]] = []
    of_voxels: list[NDArray[np.int64]] = []
    numbers: dict[str, int] = {}
    for item in _items(datalist):
        name = str(item.get("patient", item["image"]))
        patient = numbers.setdefault(name, len(numbers))
        hu, spacing, thickness = read_image(Path(item["image"]))
        sample = _sample(hu, zlib.crc32(name.encode()))
        voxels.append(sample)
        of_voxels.append(np.full(len(sample), patient))
        for feature, values in _figures(item, spacing, thickness).items():
            collected[feature] += [(value, patient) for value in values]
    found = {name: _values(pairs) for name, pairs in collected.items()}
    empty = np.zeros(0)
    return {"hu": Values(np.concatenate([empty, *voxels]), np.concatenate([empty.astype(np.int64), *of_voxels])), **found}


def read_image(path: Path) -> tuple[NDArray[Any], tuple[float, ...], float | None]:
    """HU, spacing (mm) along i, j, k, and slice thickness where the file tells it.

    Raises:
        InputError: the image cannot be read.
    """
    try:
        if path.is_dir():
            return _dicom_folder(path)
        image: Any = nibabel.load(path)
        return np.asanyarray(image.dataobj), tuple(float(z) for z in image.header.get_zooms()[:3]), None
    except Exception as error:  # readers raise many kinds
        raise InputError(f"{path}: cannot be read ({type(error).__name__}); correct the datalist") from error


def _dicom_folder(folder: Path) -> tuple[NDArray[Any], tuple[float, ...], float | None]:
    import pydicom
    import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

    itk: Any = sitk  # it has no types
    reader = itk.ImageSeriesReader()
    files = reader.GetGDCMSeriesFileNames(str(folder))
    reader.SetFileNames(files)
    image = reader.Execute()
    thickness = pydicom.dcmread(files[0], stop_before_pixels=True).get("SliceThickness")
    return itk.GetArrayViewFromImage(image).copy(), tuple(image.GetSpacing()), None if thickness is None else float(thickness)


def _items(datalist: Path) -> Iterator[dict[str, Any]]:
    known = read_parts(datalist)
    for part in (EVERY_PART,) if EVERY_PART in known else PARTS:
        if part in known:
            yield from read_datalist(datalist, part)


def _figures(item: Mapping[str, Any], spacing: tuple[float, ...], thickness: float | None) -> dict[str, list[float]]:
    told = item.get("spacing_mm") or spacing
    thickness = item.get("slice_thickness_mm", thickness)
    diameters = _diameters(item)
    return {
        "pixel_spacing_mm": [float(told[0])],
        "slice_spacing_mm": [float(told[2])],
        "slice_thickness_mm": [] if thickness is None else [float(thickness)],
        "nodules_per_scan": [float(len(diameters))],
        "nodule_diameter_mm": diameters,
    }


def _diameters(item: Mapping[str, Any]) -> list[float]:
    """Mean edge of each nodule's box; for a cube the diameter of the ball with the outline's volume."""
    if "box" in item:
        classes = item.get("box_class", [NODULE_CLASS] * len(item["box"]))
        return [float(np.mean(box[3:])) for box, kind in zip(item["box"], classes, strict=True) if kind == NODULE_CLASS]
    if not item.get("nodule") or "label" not in item:
        return []
    outline, spacing, _ = read_image(Path(item["label"]))
    return [float(2.0 * (3.0 * np.count_nonzero(outline) * np.prod(spacing) / (4.0 * np.pi)) ** (1.0 / 3.0))]


def _sample(hu: NDArray[Any], seed: int) -> NDArray[np.float64]:
    flat = hu.reshape(-1)
    chosen = np.random.default_rng(seed).integers(flat.size, size=min(VOXELS_PER_SCAN, flat.size))
    return np.asarray(flat[chosen], np.float64)


def _values(pairs: list[tuple[float, int]]) -> Values:
    return Values(np.array([value for value, _ in pairs], np.float64), np.array([patient for _, patient in pairs], np.int64))
