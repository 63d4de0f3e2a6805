from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import Outline
from nodulescope.operators.examination.nodule import NoduleType
from nodulescope.operators.measurement import NothingToMeasure, measure


def test_a_part_solid_nodule_is_measured_in_full(make_outline, make_nodule_ct):
    measurements, kind = measure(make_outline((16.0, 16.0, 16.0)), make_nodule_ct([(16.0, -620.0), (8.0, 20.0)]))
    assert kind is NoduleType.PART_SOLID
    assert measurements.long_axis_mm == pytest.approx(16, abs=0.15)
    assert measurements.short_axis_mm == pytest.approx(16, abs=0.15)
    assert measurements.mean_diameter_mm == pytest.approx((measurements.long_axis_mm + measurements.short_axis_mm) / 2)
    assert measurements.volume_mm3 == pytest.approx(np.pi / 6 * 16**3, rel=0.02)
    assert measurements.solid_diameter_mm == pytest.approx(8, abs=0.4)
    np.testing.assert_allclose(measurements.center_lps_mm, (10, -20, 30), atol=0.05)
    assert measurements.mean_hu == pytest.approx(-620 + 640 / 8, abs=30)


def test_only_part_solid_nodules_have_a_solid_diameter(make_outline, make_nodule_ct):
    measurements, kind = measure(make_outline((10.0, 10.0, 10.0)), make_nodule_ct([(10.0, 40.0)]))
    assert kind is NoduleType.SOLID
    assert measurements.solid_diameter_mm is None


def test_an_empty_outline_is_told_apart_from_a_small_one(make_nodule_ct):
    affine = np.eye(4)
    affine[:3, 3] = (6.0, -24.0, 26.0)
    probability = np.zeros((9, 9, 9), dtype=np.float32)
    with pytest.raises(NothingToMeasure):
        measure(Outline(probability, affine), make_nodule_ct([(10.0, 40.0)]))
    probability[4, 4, 4] = 0.6
    measurements, _ = measure(Outline(probability, affine), make_nodule_ct([(10.0, 40.0)]))
    assert 0 < measurements.long_axis_mm < 1.5
