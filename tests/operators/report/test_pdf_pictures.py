from __future__ import annotations

import numpy as np
import pytest
from reportlab.platypus import Flowable

from nodulescope.operators.report.pdf_pictures import CTPicture, polygons
from nodulescope.operators.report.svg_paths import svg_path


def test_polygons_come_back_from_path_data() -> None:
    square = np.array([[1.0, 1.0], [9.0, 1.0], [9.0, 9.5], [1.0, 9.5], [1.0, 1.0]])
    path = svg_path([square, square + 20], tolerance=0.1)
    first, second = polygons(path)
    np.testing.assert_allclose(first, square[:-1])
    np.testing.assert_allclose(second, square[:-1] + 20)
    assert polygons("") == []


def test_pixels_fall_on_the_picture_below_its_title() -> None:
    picture = CTPicture(np.zeros((100, 200), dtype=np.uint8), width=50.0, title="Axial")
    assert isinstance(picture, Flowable)
    width, height = picture.wrap(500, 500)
    assert (width, height) == (50.0, pytest.approx(25.0 + picture.title_height)) and picture.title_height > 5
    assert picture.at(0, 0) == (0.0, pytest.approx(25.0))
    assert picture.at(200, 100) == (50.0, pytest.approx(0.0))
