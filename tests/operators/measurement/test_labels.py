from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import CTSource, CTVolume, Outline
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.operators.measurement.labels import paint_labels


@pytest.fixture(scope="module")
def ct():
    affine = np.eye(4)
    affine[:3, :3] = np.diag([-0.8, 0.8, -2.0])
    affine[:3, 3] = (50.0, -60.0, 60.0)
    return CTVolume(np.zeros((100, 100, 30), dtype=np.float32), affine, CTSource("phantom"))


def _centroid(ct, labels, label):
    return index_to_world(ct.affine_lps, np.argwhere(labels == label)).mean(axis=0)


def test_labels_lie_where_the_outlines_are(ct, make_outline):
    labels = paint_labels(ct, [make_outline((14.0, 14.0, 14.0)), make_outline((8.0, 8.0, 8.0), center=(25.0, -5.0, 40.0))])
    assert labels.dtype == np.uint8
    np.testing.assert_allclose(_centroid(ct, labels, 1), (10, -20, 30), atol=0.3)
    np.testing.assert_allclose(_centroid(ct, labels, 2), (25, -5, 40), atol=0.3)
    assert np.count_nonzero(labels == 1) * ct.voxel_volume_mm3 == pytest.approx(np.pi / 6 * 14**3, rel=0.05)


def test_where_nodules_overlap_the_more_probable_one_wins(ct, make_outline):
    left, right = make_outline((12.0, 12.0, 12.0), center=(5.0, -20.0, 30.0)), make_outline((12.0, 12.0, 12.0), center=(15.0, -20.0, 30.0))
    labels = paint_labels(ct, [left, right])
    points = index_to_world(ct.affine_lps, np.argwhere(labels == 1))
    assert points[:, 0].max() < 10.01, "each keeps its own side of the middle"
    assert index_to_world(ct.affine_lps, np.argwhere(labels == 2))[:, 0].min() > 9.99


def test_a_nodule_between_voxel_centres_gets_one_voxel(ct, make_outline):
    center = index_to_world(ct.affine_lps, (50.5, 50.5, 15.5))
    affine = np.eye(4)
    affine[:3, 3] = center - 4
    probability = np.zeros((9, 9, 9), dtype=np.float32)
    probability[4, 4, 4] = 0.6
    labels = paint_labels(ct, [Outline(probability, affine)])
    assert np.count_nonzero(labels) == 1
    np.testing.assert_allclose(_centroid(ct, labels, 1), center, atol=1.2)


def test_a_nodule_hidden_by_another_gets_one_voxel_of_it(ct, make_outline):
    labels = paint_labels(ct, [make_outline((12.0, 12.0, 12.0)), make_outline((4.0, 4.0, 4.0))])
    assert np.count_nonzero(labels == 2) == 1
    assert np.count_nonzero(labels == 1) > 100


def test_a_nodule_outside_the_grid_gets_the_voxel_nearest_to_it(ct):
    affine = np.eye(4)
    affine[:3, 3] = (200.0, 0.0, 30.0)
    probability = np.full((5, 5, 5), 0.9, dtype=np.float32)
    labels = paint_labels(ct, [Outline(probability, affine)])
    assert np.count_nonzero(labels) == 1
    assert np.argwhere(labels)[0][0] == 0, "i runs to the right here, so the leftmost voxel is the first"


def test_more_nodules_than_labels_are_refused(ct, make_outline):
    with pytest.raises(ValueError, match="255"):
        paint_labels(ct, [make_outline((4.0, 4.0, 4.0))] * 256)
