from __future__ import annotations

import numpy as np

from nodulescope.operators.report.svg_paths import closed_contours, svg_path


def test_a_map_that_fills_its_grid_is_closed_along_the_rim() -> None:
    (contour,) = closed_contours(np.ones((4, 6), dtype=np.float32), 0.5)
    np.testing.assert_array_equal(contour[0], contour[-1])
    np.testing.assert_allclose(contour.min(axis=0), (-0.5, -0.5))
    np.testing.assert_allclose(contour.max(axis=0), (3.5, 5.5))


def test_a_hole_is_a_contour_of_its_own() -> None:
    ring = np.ones((9, 9), dtype=np.float32)
    ring[4, 4] = 0
    assert len(closed_contours(ring, 0.5)) == 2


def test_path_is_thinned_out_and_closed() -> None:
    square = np.array([(0, 0), (1, 0), (2, 0), (2, 2), (0, 2), (0, 0)], dtype=float)
    assert svg_path([square], 0.1) == "M0.0,0.0L2.0,0.0L2.0,2.0L0.0,2.0Z"


def test_what_vanishes_is_left_out() -> None:
    speck = np.array([(0, 0), (0.1, 0), (0.1, 0.1), (0, 0)], dtype=float)
    assert svg_path([speck], 0.5) == ""
