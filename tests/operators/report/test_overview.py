from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nodulescope.operators.examination import Examination
from nodulescope.operators.report.overview import PIXEL_MM, Projection, lung_projections

Views = tuple[Projection, ...]


@pytest.fixture(scope="module")
def views(examination: Examination) -> Views:
    return lung_projections(examination.ct, examination.lung_mask, examination.nodules)


def test_markers_lie_where_the_nodules_are(examination: Examination, views: Views) -> None:
    coronal, sagittal = views
    assert (coronal.name, sagittal.name) == ("coronal", "sagittal")
    for view, axis in ((coronal, 0), (sagittal, 1)):
        assert [marker.nodule_id for marker in view.markers] == [1, 2, 3]
        centers = np.array([n.measurements.center_lps_mm for n in examination.nodules])
        across = np.array([m.x for m in view.markers]) * PIXEL_MM
        down = np.array([m.y for m in view.markers]) * PIXEL_MM
        np.testing.assert_allclose(across - across[0], centers[:, axis] - centers[0, axis], atol=1e-6)
        np.testing.assert_allclose(down - down[0], centers[0, 2] - centers[:, 2], atol=1e-6)
    assert coronal.markers[0].x > coronal.width / 2 > coronal.markers[1].x  # the patient's left is on the right


def test_marker_falls_on_the_bright_spot_of_its_nodule(views: Views) -> None:
    coronal = views[0]
    grey = coronal.grey.astype(int)
    assert grey.shape == (coronal.height, coronal.width)
    marker = coronal.markers[0]
    inside = grey[round(marker.y), round(marker.x)]
    beside = grey[round(marker.y), round(marker.x - 22 / PIXEL_MM)]
    assert inside > beside + 20


def test_numbers_hide_neither_each_other_nor_a_nodule(examination: Examination) -> None:
    nodule = examination.nodules[0]
    x, y, z = nodule.measurements.center_lps_mm
    crowd = tuple(
        replace(nodule, id=n + 1, measurements=replace(nodule.measurements, center_lps_mm=(x + 3 * n, y, z - 2 * n))) for n in range(4)
    )
    for view in lung_projections(examination.ct, examination.lung_mask, crowd):
        labels = np.array([(m.label_x, m.label_y) for m in view.markers])
        spots = np.array([(m.x, m.y) for m in view.markers])
        apart = np.linalg.norm(labels[:, None] - labels[None], axis=-1)[~np.eye(4, dtype=bool)]
        assert apart.min() > 12
        assert np.linalg.norm(labels[:, None] - spots[None], axis=-1).min() > 8


def test_the_same_picture_in_every_orientation(examination: Examination, views: Views) -> None:
    ct, lungs = examination.ct, examination.lung_mask
    turn = np.eye(4)
    turn[:3, :3] = 0  # the new axes are j, k and i reversed
    turn[1, 0] = turn[2, 1] = 1
    turn[0, 2] = -1
    turn[0, 3] = ct.shape[0] - 1
    affine = ct.affine_lps @ turn
    turned = replace(ct, hu=np.ascontiguousarray(ct.hu.transpose(1, 2, 0)[:, :, ::-1]), affine_lps=affine)
    mask = replace(lungs, labels=np.ascontiguousarray(lungs.labels.transpose(1, 2, 0)[:, :, ::-1]), affine_lps=affine)
    again = lung_projections(turned, mask, examination.nodules)
    for one, other in zip(views, again, strict=True):
        assert (one.width, one.height) == (other.width, other.height)
        np.testing.assert_allclose([(m.x, m.y) for m in one.markers], [(m.x, m.y) for m in other.markers], atol=1e-6)
        np.testing.assert_allclose(one.grey.astype(int), other.grey.astype(int), atol=1)


def test_without_lungs_the_whole_scan_is_shown(examination: Examination) -> None:
    empty = replace(examination.lung_mask, labels=np.zeros_like(examination.lung_mask.labels))
    coronal, sagittal = lung_projections(examination.ct, empty, ())
    assert (coronal.width, coronal.height) == (160, 100)  # 240 x 150 mm
    assert sagittal.width == 134
    assert coronal.lungs_path == "" and coronal.markers == ()


def test_both_lungs_are_outlined(views: Views) -> None:
    assert views[0].lungs_path.count("Z") == 2
    assert views[1].lungs_path.count("Z") == 1
