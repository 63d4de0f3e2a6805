"""One nodule on one picture: the whole slice, and the nodule enlarged in two windows, with outline and caption burned in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage.measure import find_contours

from nodulescope.bundles.contracts import CTSource, CTVolume, Outline
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.operators.examination.nodule import Nodule
from nodulescope.operators.report.pictures import LUNG_WINDOW_HU, MEDIASTINUM_WINDOW_HU, cut
from nodulescope.operators.report.planes import Plane

SLICE_PIXELS = 512
"""Edge of the whole slice, left."""

DETAIL_PIXELS = 256
"""Edge of the two enlarged pictures at its right: above in the lung window with the outline, below in the mediastinal window without any
drawing, so that margin and calcification can be seen."""

CAPTION_PIXELS = 48
SHAPE = (SLICE_PIXELS + CAPTION_PIXELS, SLICE_PIXELS + DETAIL_PIXELS, 3)
"""Rows, columns and colours of a picture."""

DETAIL_MM = 64.0
"""Edge of the enlarged field: twice the largest nodule by definition (30 mm)."""

_DETAIL_PER_LONG_AXIS = 1.6
_INSIDE_PROBABILITY = 0.5
_BAR_MM = 10.0
_LEVEL_TOLERANCE = 1e-4
_FONT_PIXELS = 15
_MARK = (255, 205, 0)
_TEXT = (235, 235, 235)
_GAP = (0, 0, 0)
_MARGIN = 6


def key_height_mm(ct: CTVolume, nodule: Nodule) -> float:
    """Height (z, LPS mm) of the picture: that of the long axis, moved onto the nearest slice of the CT where its slices are axial.

    Args:
        ct: the CT.
        nodule: the nodule.
    """
    wanted = float(nodule.measurements.long_axis_lps_mm[0][2])
    climb = ct.affine_lps[2, :3]  # how much z changes along each index axis
    axis = int(np.argmax(np.abs(climb)))
    if not np.allclose(np.delete(climb, axis), 0, atol=_LEVEL_TOLERANCE * abs(climb[axis])):
        return wanted
    index = np.clip(np.rint((wanted - ct.affine_lps[2, 3]) / climb[axis]), 0, ct.shape[axis] - 1)
    return float(ct.affine_lps[2, 3] + index * climb[axis])


def key_picture(ct: CTVolume, nodule: Nodule, caption: Sequence[str]) -> NDArray[np.uint8]:
    """Draw a nodule on its key slice.

    Args:
        ct: the CT.
        nodule: the nodule.
        caption: two lines of ASCII text at the foot of the picture.

    Returns:
        RGB, shape :data:`SHAPE`, in radiological convention: the patient's left on the right.
    """
    x, y, _ = nodule.measurements.center_lps_mm
    z = key_height_mm(ct, nodule)
    whole = _whole_slice(ct, z)
    field_mm = max(DETAIL_MM, _DETAIL_PER_LONG_AXIS * nodule.measurements.long_axis_mm)
    detail = Plane("axial", (x, y, z), field_mm, DETAIL_PIXELS)
    picture = Image.new("RGB", (SHAPE[1], SHAPE[0]))
    hu = cut(ct, detail)[0]
    picture.paste(_grey(cut(ct, whole)[0], LUNG_WINDOW_HU), (0, 0))
    picture.paste(_outlined(_grey(hu, LUNG_WINDOW_HU), nodule.outline, detail), (SLICE_PIXELS, 0))
    picture.paste(_grey(hu, MEDIASTINUM_WINDOW_HU), (SLICE_PIXELS, DETAIL_PIXELS))
    _annotate(ImageDraw.Draw(picture), whole, detail, caption)
    return np.asarray(picture)


def caption_of(found: Mapping[str, Any], count: int, image: str, version: str) -> tuple[str, str]:
    """Two lines under a picture. They hold nothing that names the patient, and no date.

    Args:
        found: the nodule's item in ``findings.json``.
        count: number of nodules in the examination.
        image: the source image, for example ``image 34``.
        version: of nodulescope.
    """
    kind = "mass" if found["is_mass"] else "nodule"
    category = f", Lung-RADS {found['lung_rads']}" if found["lung_rads"] else ""
    size = f"{found['long_axis_mm']} x {found['short_axis_mm']} mm, mean {found['mean_diameter_mm']} mm, {found['volume_mm3']} mm3"
    first = f"Nodule {found['id']} of {count}: {found['type']} {kind}, {found['side']} lung, {size}{category}"
    return first, f"On {image}. Found and outlined by nodulescope {version}; research use only, not reviewed by a radiologist."


def _whole_slice(ct: CTVolume, z_mm: float) -> Plane:
    """The axial plane that shows all of the CT, at a height."""
    last = np.asarray(ct.shape) - 1
    corners = index_to_world(ct.affine_lps, np.array(np.meshgrid(*[(-0.5, n + 0.5) for n in last], indexing="ij")).reshape(3, -1).T)
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y, _ = (low + high) / 2
    return Plane("axial", (float(x), float(y), z_mm), float((high - low)[:2].max()), SLICE_PIXELS)


def _grey(hu: NDArray[np.float32], window_hu: tuple[float, float]) -> Image.Image:
    low, high = window_hu
    return Image.fromarray(np.round(np.clip((hu - low) / (high - low), 0, 1) * 255).astype(np.uint8)).convert("RGB")


def _outlined(picture: Image.Image, outline: Outline, plane: Plane) -> Image.Image:
    """Draw the outline where the plane cuts it."""
    inside = cut(CTVolume(outline.probability, outline.affine_lps, CTSource("outline")), plane)[0]
    pen = ImageDraw.Draw(picture)
    for contour in find_contours(inside, _INSIDE_PROBABILITY):
        pen.line([(float(column), float(row)) for row, column in contour], fill=_MARK, width=1)
    return picture


def _annotate(pen: ImageDraw.ImageDraw, whole: Plane, detail: Plane, caption: Sequence[str]) -> None:
    """Mark the enlarged field on the slice, the patient's sides, a scale, and write the caption."""
    style: dict[str, Any] = {"fill": _TEXT, "font": ImageFont.load_default(_FONT_PIXELS), "stroke_width": 1, "stroke_fill": _GAP}
    (x, y), reach = whole.position(detail.center_lps_mm), detail.field_mm / whole.pixel_mm / 2
    edge = SLICE_PIXELS - 1
    pen.line([(SLICE_PIXELS, 0), (SLICE_PIXELS, SLICE_PIXELS)], fill=_GAP)
    pen.line([(SLICE_PIXELS, DETAIL_PIXELS), (SHAPE[1], DETAIL_PIXELS)], fill=_GAP)
    pen.rectangle([max(x - reach, 0), max(y - reach, 0), min(x + reach, edge), min(y + reach, edge)], outline=_MARK)
    pen.text((_MARGIN, SLICE_PIXELS / 2), "R", anchor="lm", **style)
    pen.text((SLICE_PIXELS - _MARGIN, SLICE_PIXELS / 2), "L", anchor="rm", **style)
    start, bar, foot = SLICE_PIXELS + 2 * _MARGIN, _BAR_MM / detail.pixel_mm, DETAIL_PIXELS - 2 * _MARGIN
    pen.rectangle([start - 1, foot - 2, start + bar + 1, foot + 2], fill=_GAP)
    pen.line([(start, foot), (start + bar, foot)], fill=_TEXT, width=2)
    pen.text((start + bar + _MARGIN, foot), f"{_BAR_MM:.0f} mm", anchor="lm", **style)
    for number, line in enumerate(caption):
        middle = SLICE_PIXELS + CAPTION_PIXELS * (2 * number + 1) / (2 * len(caption))
        pen.text((_MARGIN, middle), line, anchor="lm", **style)
