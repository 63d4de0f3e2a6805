"""Sizes of analytic solids against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nodulescope.bundles.data.phantoms.measuring import measure


def ellipsoid(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Half axes 10, 5 and 4 mm around (3, -2, 7)."""
    return np.asarray(np.linalg.norm((points - np.float32([3, -2, 7])) / np.float32([10, 5, 4]), axis=-1) - 1, dtype=np.float32)


def test_ellipsoid() -> None:
    found = measure(ellipsoid, np.array([3.0, -2.0, 7.0]), 10.5)
    assert found is not None
    assert found.volume_mm3 == pytest.approx(4 / 3 * np.pi * 200, rel=0.01)
    assert found.long_axis_mm == pytest.approx(20.0, abs=0.3)
    assert found.short_axis_mm == pytest.approx(10.0, abs=0.3)
    assert found.mean_diameter_mm == pytest.approx(15.0, abs=0.3)
    assert np.allclose(found.centroid_mm, [3, -2, 7], atol=0.02)


def test_nothing_is_none() -> None:
    assert measure(ellipsoid, np.array([100.0, 0.0, 0.0]), 5.0) is None
