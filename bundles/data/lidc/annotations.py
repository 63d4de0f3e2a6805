"""Readers' marks as a datalist's annotations, and their consensus as label maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nodulescope.bundles.coordinates import index_to_world, world_to_index
from nodulescope.bundles.data.annotation import NoduleAnnotation
from nodulescope.bundles.data.annotation_rules import LEAST_READERS, box_class_of
from nodulescope.bundles.data.lidc.consensus import ball_diameter_mm, centroid_lps, consensus
from nodulescope.bundles.data.lidc.markings import ScanMarkings
from nodulescope.bundles.data.lidc.nodules import MarkedNodule, union
from nodulescope.bundles.data.lidc.regions import Region
from nodulescope.bundles.data.lidc.series import CTSeries
from nodulescope.bundles.data.phantom_datalist import box_of
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.nodule_detection.box_classes import IGNORED_CLASS
from nodulescope.bundles.preprocessing.scan_grid import resample_parallel

SAME_SLICE = 0.1
"""How far from a slice, in slice steps, a mark's position may be to lie on it."""


def slices_of_marks(markings: ScanMarkings, series: CTSeries) -> dict[str, int]:
    """Number of each slice that a file marks, in the series.

    A slice is known by its UID. Where the series has no such UID, the slice at the mark's position is meant: in three scans of the
    collection readers name one slice by two UIDs.

    Raises:
        InputError: a slice is not in the series, or a mark does not lie in the image.
    """
    contours = [contour for mark in markings.nodules for contour in mark.contours]
    numbers = series.slices
    for uid, z in [(c.slice_uid, c.z_mm) for c in contours] + [(p.slice_uid, p.z_mm) for p in markings.points]:
        if uid not in numbers:
            number = _slice_at(z, series)
            if number is None:
                raise InputError(f"{markings.source}: marks the slice {uid} (z = {z:g} mm), which is not in {series.folder}")
            numbers[uid] = number
    furthest = [contour.points.max(axis=0) for contour in contours] + [np.array((p.column, p.row)) for p in markings.points]
    if any((pixel >= series.size).any() for pixel in furthest):
        columns, rows = series.size
        raise InputError(f"{markings.source}: a mark lies outside the images of {series.folder} ({columns} x {rows} pixels)")
    return numbers


def _slice_at(z_mm: float, series: CTSeries) -> int | None:
    step, first = float(series.affine_lps[2, 2]), float(series.affine_lps[2, 3])
    place = (z_mm - first) / step if step else np.inf  # no step along the patient: slices are not axial
    there = -SAME_SLICE <= place <= len(series.files) - 1 + SAME_SLICE and abs(place - round(place)) <= SAME_SLICE
    return round(place) if there else None


def annotate(
    nodule: MarkedNodule, name: str, affine_lps: NDArray[np.float64], agreement: float, outline: str
) -> tuple[NoduleAnnotation, Region | None]:
    """A nodule as datalists keep it.

    Args:
        nodule: the readers' marks of it.
        name: unique in its scan.
        affine_lps: (column, row, slice) to LPS mm, axis-parallel.
        agreement: share of its readers that must count a voxel in.
        outline: file that the consensus will be in.

    Returns:
        The annotation, and its consensus. Where no voxel reaches the agreement, the annotation covers all that any reader counts in and
        has no outline, and the consensus is None.
    """
    agreed = consensus(nodule, agreement)
    region = agreed or union(nodule.regions)
    shifted = affine_lps.copy()
    shifted[:3, 3] = index_to_world(affine_lps, region.start)
    x, y, z, width, depth, height = box_of(region.inside, shifted)
    annotation = NoduleAnnotation(
        id=name,
        center_lps_mm=(x, y, z),
        size_mm=(width, depth, height),
        diameter_mm=ball_diameter_mm(region, affine_lps),
        readers=len(nodule.readers),
        ratings=tuple(nodule.ratings(reader) for reader in nodule.readers),
        outline=outline if agreed else None,
    )
    return annotation, agreed


def class_of(annotation: NoduleAnnotation, least_readers: int = LEAST_READERS) -> int | None:
    """What the annotation rules say, but for nodules whose extent the readers do not agree on: those count neither way."""
    box_class = box_class_of(annotation, least_readers=least_readers)
    return IGNORED_CLASS if box_class is not None and annotation.outline is None else box_class


def label_on_grid(
    region: Region, affine_lps: NDArray[np.float64], to_affine_lps: NDArray[np.float64], to_shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """A region on another grid with parallel axes: 1 where the region's linear interpolation is at least a half, 0 elsewhere.

    A region that is thinner than the other grid's voxels keeps the voxel at its centroid, so that no nodule is lost.

    Args:
        region: voxels of the first grid.
        affine_lps: that grid.
        to_affine_lps: the other grid.
        to_shape: its size.
    """
    start, stop = np.asarray(region.start) - 1, np.asarray(region.stop) + 1
    shifted = affine_lps.copy()
    shifted[:3, 3] = index_to_world(affine_lps, start)
    corners = np.stack(np.meshgrid(*np.array([start, stop - 1]).T, indexing="ij"), axis=-1).reshape(-1, 3)
    there = world_to_index(to_affine_lps, index_to_world(affine_lps, corners))
    low = np.clip(np.floor(there.min(axis=0)).astype(int), 0, np.asarray(to_shape) - 1)
    high = np.clip(np.ceil(there.max(axis=0)).astype(int) + 1, low + 1, to_shape)
    part = to_affine_lps.copy()
    part[:3, 3] = index_to_world(to_affine_lps, low)
    inside = torch.from_numpy(region.within(start, stop).astype(np.float32))[None]
    shares = resample_parallel(inside, shifted, part, tuple(int(n) for n in high - low))
    label = np.zeros(to_shape, np.uint8)
    label[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))] = (shares[0] >= 0.5).numpy()
    if not label.any():
        middle = np.rint(world_to_index(to_affine_lps, centroid_lps(region, affine_lps))).astype(int)
        label[tuple(np.clip(middle, 0, np.asarray(to_shape) - 1))] = 1
    return label


def points_of(markings: ScanMarkings, slices: Mapping[str, int], affine_lps: NDArray[np.float64]) -> list[dict[str, Any]]:
    """What readers marked with a point: ``kind`` (micronodule or non-nodule), ``reader`` and ``center_lps_mm`` of each."""
    return [
        {
            "kind": str(point.kind),
            "reader": point.reader,
            "center_lps_mm": index_to_world(affine_lps, (point.column, point.row, slices[point.slice_uid])).tolist(),
        }
        for point in markings.points
    ]
