"""Lungs by threshold and fill: the classical estimate that needs no trained network.

It labels real scans for training and is the yardstick that the network's lung volume is compared with. It follows the usual recipe (Hu et
al., IEEE Trans Med Imaging 20:490, 2001): air inside the body, without the airways, split into sides, closed so that vessels and nodules at
the wall stay inside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label, regionprops
from skimage.segmentation import watershed

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, CTVolume, LungMask
from nodulescope.bundles.errors import InputError

LUNG_BELOW_HU = -400.0
"""Between aerated lung (about -850) and soft tissue (about 40)."""

SMALLEST_LUNG_ML = 200.0
CLOSING_RADIUS_MM = 12.0
"""Closes the dents that vessels and wall-adhering nodules leave in the threshold's mask."""


def classical_lung_mask(ct: CTVolume) -> LungMask:
    """Lung labels on the CT's own grid.

    Works on a copy at about 2 mm and brings the labels back, so a scan takes seconds.

    Raises:
        InputError: there is no air inside the body that could be lungs.
    """
    factors = np.maximum(np.round(2.0 / np.asarray(ct.spacing_mm)), 1).astype(int)
    hu = ndimage.gaussian_filter(ct.hu, (factors - 1) / 2.0)[:: factors[0], :: factors[1], :: factors[2]]
    affine = ct.affine_lps.copy()
    affine[:3, :3] = affine[:3, :3] * factors
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    inside = _air_in_body(hu, affine)
    lungs = _split_sides(inside, affine, spacing, ct.source.path)
    labels = np.zeros(ct.shape, np.uint8)
    coarse = np.repeat(np.repeat(np.repeat(lungs, factors[0], 0), factors[1], 1), factors[2], 2)
    cut = tuple(slice(0, min(a, b)) for a, b in zip(ct.shape, coarse.shape, strict=True))
    labels[cut] = coarse[cut]
    ends = np.moveaxis(labels, _head_axis(affine), 0)
    return LungMask(labels, ct.affine_lps, fully_covered=not (ends[0].any() or ends[-1].any()))


def _head_axis(affine: NDArray[np.float64]) -> int:
    return int(np.argmax(np.abs(affine[2, :3])))


def _left_axis(affine: NDArray[np.float64]) -> tuple[int, bool]:
    axis = int(np.argmax(np.abs(affine[0, :3])))
    return axis, bool(affine[0, axis] > 0)


def _air_in_body(hu: NDArray[np.float32], affine: NDArray[np.float64]) -> NDArray[np.bool_]:
    # Air that reaches the sides of the picture is room air, slice by slice: the lungs may be open at the first and last slice.
    axis = _head_axis(affine)
    slices = np.moveaxis(hu < LUNG_BELOW_HU, axis, 0).copy()
    for plane in slices:
        parts, _ = ndimage.label(plane)
        rim = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
        plane[np.isin(parts, rim[rim > 0])] = False
    return np.asarray(np.moveaxis(slices, 0, axis))


def _split_sides(inside: NDArray[np.bool_], affine: NDArray[np.float64], spacing: NDArray[np.float64], where: str) -> NDArray[np.uint8]:
    voxel_ml = float(np.prod(spacing)) / 1000.0
    axis, ascending = _left_axis(affine)
    inside = inside & ~_trachea(inside, affine, spacing)
    depth = ndimage.distance_transform_edt(inside, sampling=spacing)
    seeds = np.zeros(inside.shape, np.int32)
    # Ever deeper cores: first the bronchi come off, then the thin bridge breaks that often joins both lungs in front of the heart.
    for core_depth in (5.0, 7.0, 9.0, 12.0):
        parts = label(depth > core_depth)
        found = sorted(regionprops(parts), key=lambda r: r.area, reverse=True)
        if not found or found[0].area * voxel_ml < SMALLEST_LUNG_ML / 4:
            break
        if len(found) >= 2 and found[1].area > 0.2 * found[0].area:
            lower, upper = sorted(found[:2], key=lambda r: r.centroid[axis])
            seeds[parts == lower.label], seeds[parts == upper.label] = 1, 2
            break
    if not seeds.any():
        if not found or found[0].area * voxel_ml < SMALLEST_LUNG_ML / 4:
            raise InputError(f"{where}: there are no lungs in this CT (no air-filled region inside the body)")
        seeds[parts == found[0].label] = 1 if found[0].centroid[axis] < inside.shape[axis] / 2 else 2
    grown = watershed(-depth, seeds, mask=inside & (ndimage.distance_transform_edt(seeds == 0, sampling=spacing) < 3.0 * core_depth))
    lungs = np.zeros(inside.shape, np.uint8)
    for side in (1, 2):
        closed = _closed(grown == side, spacing) & ((grown == side) | (grown == 0))
        is_left = (side == 2) == ascending
        lungs[closed & (lungs == 0)] = LEFT_LUNG if is_left else RIGHT_LUNG
    return lungs


def _trachea(inside: NDArray[np.bool_], affine: NDArray[np.float64], spacing: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The windpipe, followed from the top of the scan down to where it forks; its section is 8 to 30 mm wide and near the middle."""
    axis = _head_axis(affine)
    planes = np.moveaxis(inside, axis, 0)
    plane_spacing = np.delete(spacing, axis)
    order = range(len(planes) - 1, -1, -1) if affine[2, axis] > 0 else range(len(planes))
    pipe = np.zeros_like(planes)
    center = np.array(planes.shape[1:]) / 2.0
    last: NDArray[np.bool_] | None = None
    for k in order:
        best = None
        for region in regionprops(label(planes[k])):
            width = np.sqrt(4.0 / np.pi * region.area * plane_spacing.prod())
            near = np.linalg.norm((np.array(region.centroid) - center) * plane_spacing) < 60.0
            section = np.zeros_like(planes[k])
            section[tuple(region.coords.T)] = True
            follows = near if last is None else bool((section & last).any())
            if 8.0 < width < 30.0 and region.eccentricity < 0.9 and follows and (best is None or region.eccentricity < best[0]):
                best = (region.eccentricity, section)
        if best is None and last is not None:
            break
        if best is not None:
            last = best[1]
            pipe[k] = last
    return np.asarray(np.moveaxis(pipe, 0, axis))


def _closed(mask: NDArray[np.bool_], spacing: NDArray[np.float64]) -> NDArray[np.bool_]:
    # Closing by two distance maps: exact in millimetres on any grid, unlike a structuring element.
    pad = int(np.ceil(CLOSING_RADIUS_MM / spacing.min())) + 1
    padded = np.pad(mask, pad)
    dilated = ndimage.distance_transform_edt(~padded, sampling=spacing) <= CLOSING_RADIUS_MM
    closed = ndimage.distance_transform_edt(dilated, sampling=spacing) > CLOSING_RADIUS_MM
    closed = np.asarray(ndimage.binary_fill_holes(closed | padded))
    inner = tuple(slice(pad, -pad) for _ in range(3))
    return np.asarray(closed[inner])
