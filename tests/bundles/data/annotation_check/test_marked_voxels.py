from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.data.annotation_check.marked_voxels import marked_voxels
from nodulescope.bundles.data.annotation_check.volume import Volume


def test_marked_voxels_are_measured_and_cut_out() -> None:
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[4:8, 5:6, 10:12] = 3
    labels[0, 0, 0] = 1
    affine = np.diag([2.0, 1.0, 1.0, 1.0])
    assert marked_voxels(Volume(np.zeros((3, 3, 3)), affine)) is None
    whole, part = (
        marked_voxels(Volume(labels, affine)),
        marked_voxels(Volume(labels, affine), (np.array([3.5, 4.5, 9.5]), np.array([7.5, 5.5, 11.5]))),
    )
    assert whole is not None and part is not None
    assert whole.at_border and not part.at_border
    assert whole.stray_share() == pytest.approx(1 / 9) and part.stray_share() == 0.0
    assert part.volume_mm3 == 16.0
    assert part.diameter_mm == pytest.approx(np.cbrt(16.0 * 6 / np.pi))
    np.testing.assert_allclose(part.box, [11.0, 5.0, 10.5, 8.0, 1.0, 2.0])
    np.testing.assert_allclose(part.centroid_lps_mm, [11.0, 5.0, 10.5])
