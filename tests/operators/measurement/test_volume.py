from __future__ import annotations

import numpy as np
import pytest

from nodulescope.operators.measurement.fine_outline import refine
from nodulescope.operators.measurement.volume import volume_mm3


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 0.7, 1.25)])
@pytest.mark.parametrize("softness_mm", [0.3, 1.2])
@pytest.mark.parametrize("diameter", [4.0, 6.0, 10.0, 20.0, 40.0])
def test_a_ball_has_the_volume_of_a_ball(make_outline, diameter, softness_mm, spacing):
    nodule = refine(make_outline((diameter,) * 3, center=(10.2, -20.3, 30.4), spacing=spacing, softness_mm=softness_mm))
    assert volume_mm3(nodule) == pytest.approx(np.pi / 6 * diameter**3, rel=0.03)


def test_an_ellipsoid_has_the_volume_of_an_ellipsoid(make_outline):
    assert volume_mm3(refine(make_outline((18.0, 11.0, 7.0), turn=0.8))) == pytest.approx(np.pi / 6 * 18 * 11 * 7, rel=0.03)
