"""Planes cut out of a CT, as small grey pictures."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import affine_transform

from nodulescope.bundles.contracts.ct_volume import AIR_HU
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.data.review.plane import Plane

LUNG_WINDOW_HU = (-1350.0, 150.0)
"""Level -600, width 1500: the lung window (Radiopaedia, "Windowing (CT)"; the default of common PACS)."""

SAMPLE_MM = 0.5
"""Distance at which a plane is sampled: half a canonical voxel; what lies between is drawn by the picture's own interpolation."""

PIXELS_PER_MM = 4
MOST_PIXELS = 480
_JPEG_QUALITY = 88


def cut(volume: Volume, plane: Plane) -> NDArray[np.float32]:
    """Resample a plane linearly.

    Args:
        volume: HU on any grid.
        plane: where to cut.

    Returns:
        HU, rows downwards, one value per :data:`SAMPLE_MM`; air where the volume has no voxels or no numbers.
    """
    samples = round(plane.field_mm / SAMPLE_MM)
    inverse = np.linalg.inv(volume.affine_lps)
    matrix = inverse[:3, :3] @ plane.steps(SAMPLE_MM)
    middle = inverse[:3, :3] @ np.asarray(plane.center_lps_mm) + inverse[:3, 3]
    offset = middle - matrix @ np.full(2, (samples - 1) / 2.0)
    corners = np.array([offset + matrix @ (a, b) for a in (0, samples - 1) for b in (0, samples - 1)])
    start = np.clip(np.floor(corners.min(axis=0)).astype(int) - 1, 0, volume.shape)
    stop = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 2, 0, volume.shape)
    if (stop <= start).any():
        return np.full((samples, samples), AIR_HU, np.float32)
    block = volume.values[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))].astype(np.float32)
    block = np.nan_to_num(block, copy=False, nan=AIR_HU, posinf=AIR_HU, neginf=AIR_HU)
    # One more axis of length 1, because scipy wants as many axes out as in.
    matrix = np.column_stack([np.zeros(3), matrix])
    cut_out = affine_transform(block, matrix, offset - start, output_shape=(1, samples, samples), order=1, cval=AIR_HU, output=np.float32)
    return np.asarray(cut_out[0])


def to_jpeg(hu: NDArray[np.float32], field_mm: float) -> bytes:
    """A plane in the lung window as a JPEG file of :data:`PIXELS_PER_MM`, or fewer where it would have more than :data:`MOST_PIXELS`."""
    low, high = LUNG_WINDOW_HU
    grey = np.rint((np.clip(hu, low, high) - low) / (high - low) * 255.0).astype(np.uint8)
    edge = min(round(field_mm * PIXELS_PER_MM), MOST_PIXELS)
    picture = Image.fromarray(grey).resize((edge, edge), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return buffer.getvalue()
