from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from nodulescope.bundles.data.annotation_check.marked_voxels import marked_voxels
from nodulescope.bundles.data.annotation_check.volume import Volume
from nodulescope.bundles.data.review.overlays import box_on, outline_path
from nodulescope.bundles.data.review.pictures import cut, to_jpeg
from nodulescope.bundles.data.review.plane import VIEWS, Plane

CENTER = np.array([-62.0, 31.0, -140.0])
EDGES_MM = np.array([12.0, 8.0, 5.0])
"""Of an ellipsoid that lies 4 mm to the left, 2 mm to the back and 3 mm to the head of the planes' centre."""

OFFSET = np.array([4.0, 2.0, 3.0])


def volumes(orientation: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[Volume, Volume]:
    """A bright ellipsoid in lung, and the map of it, on a grid in any orientation whose middle is near the place."""
    axes, signs = orientation
    affine, spacing, shape = np.eye(4), (0.8, 1.0, 1.25), (60, 50, 40)
    affine[:3, :3] = 0.0
    affine[list(axes), range(3)] = np.array(signs) * spacing
    affine[:3, 3] = CENTER + 1.0 - affine[:3, :3] @ (np.array(shape) / 2.0)
    places = np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    inside = (((places - CENTER - OFFSET) / (EDGES_MM / 2.0)) ** 2).sum(-1) < 1.0
    return Volume(np.where(inside, 100, -850).astype(np.int16), affine), Volume(inside, affine)


def bounds(path: str) -> np.ndarray:
    """Left, top, right, bottom of a path."""
    points = np.array([[float(v) for v in pair.split(",")] for pair in re.findall(r"-?[\d.]+,-?[\d.]+", path)])
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_drawn_lies_on_what_is_seen_in_any_orientation(name: str, orientation: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    image, mask = volumes(orientation)
    through = Plane(name, tuple(np.where(np.arange(3) == Plane(name, (0, 0, 0), 1).normal, CENTER + OFFSET, CENTER)), 40.0)
    hu = cut(image, through)
    assert hu.shape == (80, 80)
    rows, columns = np.nonzero(hu > -375.0)
    seen = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) * 0.5 - 20.0
    marked = marked_voxels(mask)
    assert marked is not None
    np.testing.assert_allclose(bounds(outline_path(marked, through)), seen, atol=0.8)
    box = box_on(marked.box, through)
    assert box is not None
    np.testing.assert_allclose([box.x, box.y, box.x + box.width, box.y + box.height], seen, atol=1.1)
    right, down = through.view.right, through.view.down
    middle = (seen[:2] + seen[2:]) / 2.0
    np.testing.assert_allclose(middle, [OFFSET[right[0]] * right[1], OFFSET[down[0]] * down[1]], atol=0.6)


def test_the_picture_is_the_lung_window() -> None:
    hu = np.repeat(np.array([-2000.0, -1350.0, -600.0, 150.0, 3000.0], np.float32), 24)[None].repeat(120, 0)
    picture = Image.open(io.BytesIO(to_jpeg(hu, 60.0)))
    assert picture.size == (240, 240)
    levels = np.asarray(picture)[120, 24::48].astype(int)
    np.testing.assert_allclose(levels, [0, 0, 128, 255, 255], atol=3)
    assert Image.open(io.BytesIO(to_jpeg(hu, 200.0))).size == (480, 480)


def test_beyond_the_image_and_where_there_is_no_number_there_is_air() -> None:
    values = np.full((20, 20, 20), 40.0, np.float32)
    values[10, 10, 10] = np.nan
    image = Volume(values, np.eye(4))
    assert (cut(image, Plane("axial", (500.0, 0.0, 0.0), 60.0)) == -1000.0).all()
    here = cut(image, Plane("axial", (10.0, 10.0, 10.0), 8.0))
    assert np.isfinite(here).all()
    assert here.min() < -400.0 and here.max() == 40.0
