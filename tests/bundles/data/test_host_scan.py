from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import CTSource, CTVolume, LungMask
from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps
from nodulescope.bundles.data.host_scan import HostScan, host_scan


def test_a_scan_comes_to_1_mm_with_its_lesions_in_place() -> None:
    affine = np.diag([0.8, 0.8, 2.0, 1.0])  # LPS: left, back, head
    affine[:3, 3] = (-30.0, 10.0, -100.0)
    hu = np.full((120, 110, 40), 30.0, np.float32)
    labels = np.zeros(hu.shape, np.uint8)
    labels[50:100, 50:100, 10:30] = 2
    hu[70:76, 60:66, 18:21] = 300.0
    point = index_to_world(affine, (72.5, 62.5, 19.0))
    scan = host_scan(CTVolume(hu, affine, CTSource("phantom")), LungMask(labels, affine, True), [(point, 6.0)])
    ((center, radius),) = scan.lesions
    assert radius == 3.0
    assert scan.hu[tuple(np.rint(center).astype(int))] == pytest.approx(300.0, abs=1.0)
    assert float((scan.lungs > 0).sum()) == pytest.approx((labels > 0).sum() * 0.8 * 0.8 * 2.0, rel=0.06)
    np.testing.assert_allclose(np.abs(np.diag(scan.affine_ras)[:3]), 1.0)
    np.testing.assert_allclose(index_to_world(swap_ras_lps(scan.affine_ras), center), point, atol=1e-3)


def test_free_places_keep_away_from_lesions_and_stay_in_the_lungs(host_lung: HostScan) -> None:
    scan = host_lung
    free = np.argwhere(scan.free_places(10.0))
    assert (scan.lungs[tuple(free.T)] > 0).all()
    gaps = np.linalg.norm(free - np.array([40.0, 60.0, 55.0]), axis=1)
    assert gaps.min() == pytest.approx(18.0, abs=0.5)


def test_a_cube_at_the_border_goes_on_with_the_border(host_lung: HostScan) -> None:
    scan = host_lung
    cube = scan.cube((2, 60, 55), 16)
    assert cube.shape == (16, 16, 16)
    np.testing.assert_array_equal(cube[6:], scan.hu[0:10, 52:68, 47:63])
    np.testing.assert_array_equal(cube[:6], np.broadcast_to(scan.hu[0, 52:68, 47:63], (6, 16, 16)))
