from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nodulescope.bundles.coordinates import index_to_world
from nodulescope.operators.examination.nodule import NoduleType
from nodulescope.operators.measurement.fine_outline import refine
from nodulescope.operators.measurement.nodule_type import classify, density, solid_diameter_mm


@pytest.mark.parametrize(
    ("layers", "diameter", "expected"),
    [
        ([(12.0, 40.0)], 12.0, NoduleType.SOLID),
        ([(4.0, 40.0)], 4.0, NoduleType.SOLID),
        ([(12.0, -600.0)], 12.0, NoduleType.GROUND_GLASS),
        ([(5.0, -600.0)], 5.0, NoduleType.GROUND_GLASS),
        ([(16.0, -600.0), (8.0, 20.0)], 16.0, NoduleType.PART_SOLID),
        ([(10.0, 600.0)], 10.0, NoduleType.CALCIFIED),
        ([(14.0, 40.0), (4.0, 500.0)], 14.0, NoduleType.SOLID),
    ],
)
def test_the_density_of_the_core_names_the_type(make_outline, make_nodule_ct, layers, diameter, expected):
    nodule = refine(make_outline((diameter,) * 3))
    assert classify(nodule, density(nodule, make_nodule_ct(layers))) is expected


def test_density_is_sampled_where_the_nodule_is(make_outline, make_nodule_ct):
    nodule = refine(make_outline((8.0, 8.0, 8.0)))
    hu = density(nodule, make_nodule_ct([(20.0, 55.0)]))
    assert hu.shape == nodule.field.shape
    np.testing.assert_allclose(hu[nodule.inside()], 55.0, atol=1.0)


@pytest.mark.parametrize("solid", [5.0, 8.0, 11.0])
def test_the_solid_part_has_the_diameter_of_the_solid_ball(make_outline, make_nodule_ct, solid):
    nodule = refine(make_outline((18.0, 18.0, 18.0)))
    # The solid part ends at -300 HU: half-way between -620 and 20, so that the blurred edge keeps the ball's diameter.
    hu = density(nodule, make_nodule_ct([(18.0, -620.0), (solid, 20.0)]))
    assert solid_diameter_mm(nodule, hu) == pytest.approx(solid, abs=0.4)


def test_a_vessel_through_the_nodule_is_no_solid_part(make_outline, make_nodule_ct):
    ct = make_nodule_ct([(18.0, -550.0), (8.0, 30.0)])
    indices = np.moveaxis(np.indices(ct.shape), 0, -1)
    x, y, z = (index_to_world(ct.affine_lps, indices) - (10.0, -20.0, 30.0)).transpose(3, 0, 1, 2)
    vessel = (np.hypot(y, z) < 1.1) & (x > 0)
    crossed = dataclasses.replace(ct, hu=np.where(vessel, np.float32(30.0), ct.hu))
    nodule = refine(make_outline((18.0, 18.0, 18.0)))
    assert solid_diameter_mm(nodule, density(nodule, crossed)) == pytest.approx(8.0, abs=0.7)


def test_a_nodule_without_solid_tissue_has_no_solid_diameter(make_outline, make_nodule_ct):
    nodule = refine(make_outline((10.0, 10.0, 10.0)))
    with pytest.raises(ValueError, match="no solid part"):
        solid_diameter_mm(nodule, density(nodule, make_nodule_ct([(10.0, -600.0)])))
