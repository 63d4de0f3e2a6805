from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, LungMask
from nodulescope.operators.examination import Region, Side, Third
from nodulescope.operators.measurement import LungSections, locate


def test_a_nodule_is_located_in_full(make_outline):
    affine = np.diag([1.5, 1.5, 2.0, 1.0])
    affine[:3, 3] = (-80.0, -80.0, -90.0)
    x, y, z = (np.moveaxis(np.indices((107, 107, 90)), 0, -1) * (1.5, 1.5, 2.0) + affine[:3, 3]).transpose(3, 0, 1, 2)
    inside = (np.abs(x) > 1) & (np.abs(x) < 60) & (np.abs(y) < 50) & (np.abs(z) < 75)
    lungs = LungMask((inside * np.where(x < 0, RIGHT_LUNG, LEFT_LUNG)).astype(np.uint8), affine, True)
    outline = make_outline((8.0, 8.0, 8.0), center=(28.0, -40.0, 30.0))
    side, location = locate(outline, lungs, LungSections(lungs))
    assert (side, location.third, location.region) == (Side.LEFT, Third.UPPER, Region.ANTERIOR)
    assert location.pleura_distance_mm == pytest.approx(50 - 40 - 4, abs=0.7)
    assert location.text(side) == "left lung, upper third, anterior, 6 mm from the pleura"
