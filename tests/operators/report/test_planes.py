from __future__ import annotations

import numpy as np
import pytest

from nodulescope.operators.report.planes import Plane

CENTER = (10.0, 20.0, 30.0)


@pytest.mark.parametrize(
    ("name", "left_of_patient", "behind", "above"),
    [("axial", (1, 0), (0, 1), (0, 0)), ("coronal", (1, 0), (0, 0), (0, -1)), ("sagittal", (0, 0), (1, 0), (0, -1))],
)
def test_radiological_convention(name: str, left_of_patient: tuple[int, int], behind: tuple[int, int], above: tuple[int, int]) -> None:
    plane = Plane(name, CENTER, field_mm=64.0, pixels=128)
    middle = plane.position(CENTER)
    np.testing.assert_allclose(middle, (64, 64))
    for direction, expected in (((1, 0, 0), left_of_patient), ((0, 1, 0), behind), ((0, 0, 1), above)):
        np.testing.assert_allclose(plane.position(np.asarray(CENTER) + direction) - middle, np.asarray(expected) * 2.0)


def test_first_pixel_is_half_a_pixel_from_the_corner() -> None:
    plane = Plane("axial", CENTER, field_mm=8.0, pixels=4)
    np.testing.assert_allclose(plane.first_pixel_lps_mm, (7.0, 17.0, 30.0))
    np.testing.assert_allclose(plane.position(plane.first_pixel_lps_mm), (0.5, 0.5))
