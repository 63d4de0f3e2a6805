"""The lungs of a scan as small images for registration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, CTVolume, LungMask
from nodulescope.bundles.coordinates import index_to_world

sitk: Any = SimpleITK
Image = Any
"""SimpleITK and its images; the package ships no types."""

VOXEL_MM = 4.0
"""Edge of a voxel: the scans are aligned to a few millimetres, and a finer grid takes eight times as long for half the edge."""

MARGIN_MM = 24.0
"""How far around the lungs the images reach."""

TISSUE_HU = -100.0
"""Vessels and walls count as full tissue from here on; a voxel of 4 mm hardly holds more than that of a vessel."""

FARTHEST_MM = 30.0
"""Distances to the lungs are cut at this: what lies farther away has no say."""


@dataclass(frozen=True)
class LungImages:
    """The lungs on an axis-parallel LPS grid of :data:`VOXEL_MM`, in millimetres of the patient.

    Attributes:
        density: float32; 0 the median of the lung, 1 tissue, and 1 everywhere outside the lungs: the lungs' surface and the vessels in
            them are all that it shows. Relative to the median, because lungs are denser after a shallower breath.
        labels: uint8, :data:`RIGHT_LUNG`, :data:`LEFT_LUNG`, else 0.
        distance: float32, signed distance to the lungs in mm, negative inside, cut at :data:`FARTHEST_MM`.
    """

    density: Image
    labels: Image
    distance: Image


def lung_images(ct: CTVolume, lungs: LungMask) -> LungImages:
    """Make the images of one scan.

    Args:
        ct: the scan, on a grid of any orientation, sheared ones included.
        lungs: its lungs, at least one voxel of them.
    """
    start, stop = lungs.bounding_box(MARGIN_MM)
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    factors = tuple(int(min(max(VOXEL_MM // s, 1), b - a)) for s, a, b in zip(ct.spacing_mm, start, stop, strict=True))
    affine = ct.affine_lps.copy()
    affine[:3, 3] = index_to_world(ct.affine_lps, np.asarray(start) + (np.asarray(factors) - 1) / 2)
    affine[:3, :3] = ct.affine_lps[:3, :3] * factors
    hu = _block_means(ct.hu[box], factors)
    low, size = _output_grid(affine, hu.shape)
    labels = lungs.labels[box]
    hu = _resampled(hu, affine, low, size, "nearest")
    right, left = (
        _resampled(_block_means((labels == label).astype(np.float32), factors), affine, low, size, "constant")
        for label in (RIGHT_LUNG, LEFT_LUNG)
    )
    share = right + left
    middle = float(np.median(hu[share > 0.5])) if (share > 0.5).any() else -850.0
    density = np.clip((hu - middle) / max(TISSUE_HU - middle, 100.0), -0.5, 1.0)
    named = np.where(share > 0.5, np.where(right > left, RIGHT_LUNG, LEFT_LUNG), 0).astype(np.uint8)
    image = _image(named, low)
    distance = sitk.SignedMaurerDistanceMap(image > 0, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    return LungImages(_image(share * density + (1 - share), low), image, sitk.Clamp(distance, sitk.sitkFloat32, -FARTHEST_MM, FARTHEST_MM))


def _block_means(values: NDArray[np.float32], factors: tuple[int, ...]) -> NDArray[np.float32]:
    """Means over blocks of voxels; what does not fill a block at the far end is left out."""
    (ni, nj, nk), (fi, fj, fk) = (n // f for n, f in zip(values.shape, factors, strict=True)), factors
    whole = values[: ni * fi, : nj * fj, : nk * fk]
    return np.asarray(whole.reshape(ni, fi, nj, fj, nk, fk).mean(axis=(1, 3, 5)), dtype=np.float32)


def _output_grid(affine: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    """First voxel (LPS mm) and size of an axis-parallel grid that holds another grid."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape])).reshape(3, -1).T
    points = index_to_world(affine, corners)
    low, high = points.min(axis=0), points.max(axis=0)
    return low, tuple(int(n) for n in np.ceil((high - low) / VOXEL_MM) + 1)


def _resampled(
    values: NDArray[np.float32], affine: NDArray[np.float64], low: NDArray[np.float64], size: tuple[int, ...], beyond: str
) -> NDArray[np.float32]:
    """Values on the output grid; beyond the grid of the values those of its border (``nearest``) or 0 (``constant``)."""
    inverse = np.linalg.inv(affine)
    offset = inverse[:3, :3] @ low + inverse[:3, 3]
    return np.asarray(affine_transform(values, inverse[:3, :3] * VOXEL_MM, offset, output_shape=size, order=1, mode=beyond))


def _image(values: NDArray[np.generic], low: NDArray[np.float64]) -> Image:
    image = sitk.GetImageFromArray(np.ascontiguousarray(values.transpose(2, 1, 0)))
    image.SetOrigin(low.tolist())
    image.SetSpacing((VOXEL_MM,) * 3)
    return image
