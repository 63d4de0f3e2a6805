"""Grey pictures of a CT: cut planes, put into eight bits, encoded as data URIs."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import affine_transform

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.contracts.ct_volume import AIR_HU
from nodulescope.operators.report.planes import Plane

LUNG_WINDOW_HU = (-1350.0, 150.0)
"""Width 1500, level -600: the lung window (Radiopaedia, "Windowing (CT)"; the default of common PACS)."""

MEDIASTINUM_WINDOW_HU = (-160.0, 240.0)
"""Width 400, level 40: the mediastinal window (same source)."""

WINDOWS_HU = {"lung": LUNG_WINDOW_HU, "mediastinum": MEDIASTINUM_WINDOW_HU}

_TONE_HU = (LUNG_WINDOW_HU[0], MEDIASTINUM_WINDOW_HU[0], MEDIASTINUM_WINDOW_HU[1])
_TONE_LEVELS = (0.0, 127.5, 255.0)
"""Stored grey levels: half of the eight bits for the 400 HU of soft tissue, so that one picture serves both windows without
bands."""

_JPEG_QUALITY = 88
_JPEG_BLOCK = 8


def cut(ct: CTVolume, plane: Plane, normal_step_mm: float = 0.0, count: int = 1) -> NDArray[np.float32]:
    """Resample parallel planes from a CT, linearly.

    Args:
        ct: the CT, any orientation.
        plane: the first plane.
        normal_step_mm: distance to each next plane, towards the patient's head; only axial planes are stacked.
        count: how many planes.

    Returns:
        HU, shape (count, plane.pixels, plane.pixels), rows downwards; air where the CT has no voxels.
    """
    inverse = np.linalg.inv(ct.affine_lps)
    steps_mm = np.column_stack([(0.0, 0.0, normal_step_mm), plane.down * plane.pixel_mm, plane.right * plane.pixel_mm])
    matrix = inverse[:3, :3] @ steps_mm
    offset = inverse[:3, :3] @ plane.first_pixel_lps_mm + inverse[:3, 3]
    last = np.array([count - 1, plane.pixels - 1, plane.pixels - 1])
    corners = np.array([matrix @ (last * (s, r, c)) + offset for s in (0, 1) for r in (0, 1) for c in (0, 1)])
    start = np.clip(np.floor(corners.min(axis=0)).astype(int) - 1, 0, ct.shape)
    stop = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 2, 0, ct.shape)
    shape = (count, plane.pixels, plane.pixels)
    if (stop <= start).any():
        return np.full(shape, AIR_HU, dtype=np.float32)
    block = np.ascontiguousarray(ct.hu[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))])
    resampled = affine_transform(
        block, matrix, offset - start, output_shape=shape, order=1, mode="constant", cval=AIR_HU, output=np.float32
    )
    return np.asarray(resampled)


def to_levels(hu: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Hounsfield units to the stored eight bits; the inverse is what :func:`window_table` gives the browser."""
    return np.round(np.interp(hu, _TONE_HU, _TONE_LEVELS)).astype(np.uint8)


def window_table(window: str, entries: int = 61) -> tuple[float, ...]:
    """The curve from stored grey level to displayed grey of a window, for SVG's ``feFuncR type="table"``.

    Args:
        window: ``lung`` or ``mediastinum``.
        entries: samples at equal distances over the stored levels, 0 first, 255 last.

    Returns:
        Displayed grey, 0 black to 1 white.
    """
    low, high = WINDOWS_HU[window]
    hu = np.interp(np.linspace(0, 255, entries), _TONE_LEVELS, _TONE_HU)
    return tuple(float(v) for v in np.round(np.clip((hu - low) / (high - low), 0, 1), 4))


def windowed(levels: NDArray[np.uint8], window: str) -> NDArray[np.uint8]:
    """Stored grey levels as a window shows them, for media that have no filters."""
    return np.round(255 * np.asarray(window_table(window, entries=256))).astype(np.uint8)[levels]


def sheet_columns(count: int) -> int:
    """Tiles per row of a sheet of ``count`` tiles: nearly square."""
    return max(1, math.ceil(math.sqrt(count)))


def sheet(tiles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay tiles of one size row by row into one picture.

    Args:
        tiles: shape (count, pixels, pixels); pixels must be a multiple of JPEG's block of 8, or neighbours bleed into each other.

    Returns:
        One picture with :func:`sheet_columns` tiles per row; black where the last row has none.
    """
    count, height, width = tiles.shape
    if height % _JPEG_BLOCK or width % _JPEG_BLOCK:
        raise ValueError(f"a tile's edge must be a multiple of {_JPEG_BLOCK} pixels, not {height} x {width}")
    columns = sheet_columns(count)
    rows = math.ceil(count / columns)
    padded = np.zeros((rows * columns, height, width), dtype=np.uint8)
    padded[:count] = tiles
    return padded.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)


def jpeg_uri(grey: NDArray[np.uint8]) -> str:
    """A grey picture, shape (rows, columns), as a JPEG data URI."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(grey)).decode('ascii')}"


def jpeg(grey: NDArray[np.uint8]) -> bytes:
    """A grey picture, shape (rows, columns), as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
