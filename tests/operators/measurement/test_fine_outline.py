from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import Outline
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.operators.measurement.fine_outline import NothingToMeasure, central_log_odds, refine
from nodulescope.operators.measurement.volume import volume_mm3


def test_nothing_above_one_half_is_nothing_to_measure():
    with pytest.raises(NothingToMeasure, match=r"above a probability of 0\.5"):
        refine(Outline(np.full((16, 16, 16), 0.5, dtype=np.float32), np.eye(4)))


def test_a_neighbouring_finding_is_left_out(make_outline):
    alone = make_outline((10.0, 10.0, 10.0))
    neighbour = make_outline((14.0, 14.0, 14.0), center=(30.0, -20.0, 30.0))
    both = Outline(np.maximum(alone.probability, neighbour.probability), alone.affine_lps)
    assert volume_mm3(refine(both)) == pytest.approx(volume_mm3(refine(alone)), rel=0.01)
    np.testing.assert_allclose(refine(both).centroid_lps_mm(), (10, -20, 30), atol=0.1)


def test_without_a_finding_at_the_centre_the_nearest_one_counts(make_outline):
    near = make_outline((6.0, 6.0, 6.0), center=(17.0, -20.0, 30.0))
    far = make_outline((16.0, 16.0, 16.0), center=(-8.0, -20.0, 30.0))
    both = Outline(np.maximum(near.probability, far.probability), near.affine_lps)
    np.testing.assert_allclose(refine(both).centroid_lps_mm(), (17, -20, 30), atol=0.1)


def test_the_field_keeps_the_outline_s_own_values(make_outline):
    outline = make_outline((9.0, 7.0, 8.0), spacing=(0.8, 0.8, 1.0))
    fine = refine(outline)
    log_odds = central_log_odds(outline)
    place = (31, 31, 31)
    at = np.linalg.inv(fine.affine_lps) @ np.append(index_to_world(outline.affine_lps, place), 1)
    index = tuple(np.rint(at[:3]).astype(int))
    np.testing.assert_allclose(at[:3], index, atol=1e-6)
    assert fine.field[index] == pytest.approx(log_odds[place], abs=1e-6)


def test_a_nodule_at_the_cube_s_face_is_closed_there():
    probability = np.zeros((16, 16, 16), dtype=np.float32)
    probability[:, 4:12, 4:12] = 0.99
    fine = refine(Outline(probability, np.eye(4)))
    for axis in range(3):
        assert (fine.field.take([0, -1], axis=axis) < 0).all()
    assert volume_mm3(fine) == pytest.approx(16 * 8 * 8, rel=0.1)


def test_a_single_voxel_can_be_measured():
    probability = np.zeros((9, 9, 9), dtype=np.float32)
    probability[4, 4, 4] = 0.51
    fine = refine(Outline(probability, np.eye(4)))
    assert 0 < volume_mm3(fine) < 1
    np.testing.assert_allclose(fine.centroid_lps_mm(), (4, 4, 4), atol=0.01)


def test_an_oblique_cube_is_refused(make_outline):
    outline = make_outline((9.0, 9.0, 9.0))
    turned = outline.affine_lps.copy()
    turned[:3, :3] = turned[:3, :3] @ np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])
    with pytest.raises(ValueError, match="left, back and head"):
        refine(Outline(outline.probability, turned))
