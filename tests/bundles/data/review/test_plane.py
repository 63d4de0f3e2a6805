from __future__ import annotations

import numpy as np

from nodulescope.bundles.data.review.plane import Plane


def test_views_are_those_of_radiology() -> None:
    left, back, head = (np.array(v, float) for v in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    for name, right, below in (("axial", left, back), ("coronal", left, -head), ("sagittal", back, -head)):
        plane = Plane(name, (0.0, 0.0, 0.0), 60.0)
        np.testing.assert_array_equal(plane.on_picture([right, below]), [[1, 0], [0, 1]])


def test_a_step_to_the_right_and_below_lands_there() -> None:
    for name in ("axial", "coronal", "sagittal"):
        plane = Plane(name, (5.0, -6.0, 7.0), 60.0)
        down, right = plane.steps(2.0).T
        np.testing.assert_array_equal(plane.on_picture(np.array(plane.center_lps_mm) + right + 2 * down), (2.0, 4.0))
        assert down[plane.normal] == right[plane.normal] == 0.0
