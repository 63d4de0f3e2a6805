from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from nodulescope.bundles.contracts import Outline
from nodulescope.operators.examination import Examination
from nodulescope.operators.report.outlines import outline_path
from nodulescope.operators.report.planes import Plane


def points(path: str) -> np.ndarray:
    return np.array([[float(v) for v in pair.split(",")] for pair in re.findall(r"[-\d.]+,[-\d.]+", path)])


@pytest.mark.parametrize("name", ["axial", "coronal", "sagittal"])
def test_a_ball_is_a_circle_of_its_radius_around_the_middle(examination: Examination, name: str) -> None:
    nodule = examination.nodules[0]
    plane = Plane(name, nodule.measurements.center_lps_mm, 64.0, 192)
    xy = points(outline_path(nodule.outline, plane))
    radius_mm = np.linalg.norm(xy - 96, axis=1) * plane.pixel_mm
    np.testing.assert_allclose(radius_mm, 16.0, atol=0.35)
    np.testing.assert_allclose(xy.mean(axis=0), 96, atol=2)


def test_off_centre_sections_are_smaller_and_end(examination: Examination) -> None:
    nodule = examination.nodules[0]
    x, y, z = nodule.measurements.center_lps_mm
    xy = points(outline_path(nodule.outline, Plane("axial", (x, y, z + 12.25), 64.0, 192)))
    np.testing.assert_allclose(np.linalg.norm(xy - 96, axis=1) / 3, np.sqrt(16**2 - 12.25**2), atol=0.5)
    assert outline_path(nodule.outline, Plane("axial", (x, y, z + 18.0), 64.0, 192)) == ""
    assert outline_path(nodule.outline, Plane("axial", (x, y, z + 90.0), 64.0, 192)) == ""


def test_an_outline_shifted_to_the_left_moves_right_on_the_picture(examination: Examination) -> None:
    nodule = examination.nodules[1]
    shifted = nodule.outline.affine_lps.copy()
    shifted[0, 3] += 10.0
    plane = Plane("axial", nodule.measurements.center_lps_mm, 64.0, 192)
    before = points(outline_path(nodule.outline, plane))
    after = points(outline_path(replace(nodule.outline, affine_lps=shifted), plane))
    np.testing.assert_allclose(after - before, np.broadcast_to((30.0, 0.0), before.shape), atol=0.15)


def test_empty_outline() -> None:
    empty = Outline(np.full((8, 8, 8), 0.4, dtype=np.float32), np.eye(4))
    assert outline_path(empty, Plane("axial", (4.0, 4.0, 4.0), 64.0, 192)) == ""
