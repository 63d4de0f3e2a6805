"""Both lungs at a glance: projections of the lung mask with the nodules' positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.bundles.contracts.ct_volume import AIR_HU
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.operators.examination import Nodule
from nodulescope.operators.report.planes import AXES
from nodulescope.operators.report.svg_paths import closed_contours, svg_path

PIXEL_MM = 1.5
"""Fine enough to show a nodule of 3 mm as a dot, coarse enough to be small."""

_MARGIN_MM = 12.0
_DISPLAY_PERCENTILES = (2.0, 99.7)
_LABEL_DISTANCE = 11.0
_LABEL_RADIUS = 6.5
_SMALLEST_CONTOUR_POINTS = 12
"""Shorter contours are specks of the mask."""

_TOLERANCE_PIXELS = 0.4


@dataclass(frozen=True)
class Marker:
    """One nodule on a projection, in the picture's pixels.

    Attributes:
        nodule_id: its number.
        x: position of the nodule, from the left edge.
        y: position of the nodule, from the upper edge.
        label_x: middle of its number, moved aside so that numbers do not cover each other.
        label_y: likewise.
    """

    nodule_id: int
    x: float
    y: float
    label_x: float
    label_y: float


@dataclass(frozen=True)
class Projection:
    """One view of the lungs.

    Attributes:
        name: ``coronal`` or ``sagittal``.
        width: of the picture in pixels of :data:`PIXEL_MM`.
        height: likewise.
        grey: mean density along the view, shape (height, width).
        lungs_path: SVG path data around the projected lung mask.
        markers: the nodules.
    """

    name: str
    width: int
    height: int
    grey: NDArray[np.uint8] = field(repr=False)
    lungs_path: str
    markers: tuple[Marker, ...]


def lung_projections(ct: CTVolume, lungs: LungMask, nodules: Sequence[Nodule]) -> tuple[Projection, ...]:
    """Project the CT, as a radiograph does, and the lung mask, along the back-front and the left-right direction.

    Args:
        ct: the CT.
        lungs: its lung mask; without any lung the whole scan is shown.
        nodules: what to mark.

    Returns:
        The coronal and the sagittal view.
    """
    low, size = _box(ct, lungs)
    inverse = np.linalg.inv(ct.affine_lps)
    matrix = inverse[:3, :3] * PIXEL_MM
    offset = inverse[:3, :3] @ (low + PIXEL_MM / 2) + inverse[:3, 3]
    shape = tuple(int(n) for n in size)
    hu = affine_transform(ct.hu, matrix, offset, output_shape=shape, order=1, cval=AIR_HU, output=np.float32)
    labels = affine_transform(lungs.labels, matrix, offset, output_shape=shape, order=0, output=np.uint8)
    density = np.clip(hu - AIR_HU, 0, None)
    views = []
    for name, axis in (("coronal", 1), ("sagittal", 0)):
        grey = _as_radiograph(np.flipud(density.mean(axis=axis).T))
        shadow = np.flipud((labels > 0).any(axis=axis).T)
        positions = _positions(nodules, name, low, size)
        markers = tuple(
            Marker(nodule.id, *position, *label)
            for nodule, position, label in zip(nodules, positions, _label_places(positions, grey.shape[1], grey.shape[0]), strict=True)
        )
        views.append(Projection(name, grey.shape[1], grey.shape[0], grey, _contour_path(shadow), markers))
    return tuple(views)


def _box(ct: CTVolume, lungs: LungMask) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Lower LPS corner in mm, and size in pixels, of a box around the lungs (or the scan where there are none)."""
    start, stop = ((0, 0, 0), ct.shape) if not lungs.labels.any() else lungs.bounding_box(_MARGIN_MM)
    corners = index_to_world(ct.affine_lps, [[(start, stop)[bit][axis] - 0.5 for axis, bit in enumerate(c)] for c in np.ndindex(2, 2, 2)])
    low = corners.min(axis=0)
    return low, np.ceil((corners.max(axis=0) - low) / PIXEL_MM).astype(int)


def _as_radiograph(density: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Mean density along the view as grey, the darkest and brightest few pixels cut off."""
    low, high = np.percentile(density, _DISPLAY_PERCENTILES)
    return np.asarray(np.round(np.clip((density - low) / max(high - low, 1.0), 0, 1) * 255), dtype=np.uint8)


def _contour_path(shadow: NDArray[np.bool_]) -> str:
    """Outer contour of a mask as SVG path data in pixels from the picture's corner."""
    contours = closed_contours(shadow.astype(np.float32), 0.5)
    # Array indices are (row, column) of pixel centres; SVG counts from the corner of the first pixel.
    return svg_path((c[:, ::-1] + 0.5 for c in contours if len(c) >= _SMALLEST_CONTOUR_POINTS), _TOLERANCE_PIXELS)


def _positions(nodules: Sequence[Nodule], name: str, low: NDArray[np.float64], size: NDArray[np.int_]) -> list[tuple[float, float]]:
    """Where the nodules' centres fall on a view, in pixels from its upper left corner."""
    right, down = (np.asarray(direction) for direction in AXES[name])
    upper_left = low + np.array([0, 0, size[2] * PIXEL_MM])
    offsets = [(np.asarray(nodule.measurements.center_lps_mm) - upper_left) / PIXEL_MM for nodule in nodules]
    return [(float(offset @ right), float(offset @ down)) for offset in offsets]


def _label_places(positions: Sequence[tuple[float, float]], width: int, height: int) -> list[tuple[float, float]]:
    """Put each number beside its nodule, in the first of several directions where it hides no earlier number and no nodule."""
    places: list[tuple[float, float]] = []
    for x, y in positions:
        choices = [
            (x + distance * np.cos(angle), y - distance * np.sin(angle))
            for distance in (_LABEL_DISTANCE, 1.6 * _LABEL_DISTANCE, 2.4 * _LABEL_DISTANCE)
            for angle in np.radians((45, 0, -45, 135, 180, -135, 90, -90))
        ]
        inside = [c for c in choices if _LABEL_RADIUS < c[0] < width - _LABEL_RADIUS and _LABEL_RADIUS < c[1] < height - _LABEL_RADIUS]
        free = [
            c
            for c in inside
            if all(np.hypot(c[0] - a, c[1] - b) > 2 * _LABEL_RADIUS for a, b in places)
            and all(np.hypot(c[0] - a, c[1] - b) > _LABEL_RADIUS + 2 for a, b in positions)
        ]
        a, b = (free or inside or choices)[0]
        places.append((float(a), float(b)))
    return places
