from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, CTSource, CTVolume, LungMask
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.operators.priors.lung_images import FARTHEST_MM, VOXEL_MM, LungImages, lung_images


def boxes(axes: tuple[int, ...], signs: tuple[int, ...], shear: float = 0.0) -> LungImages:
    """Two boxes of lung at fixed places of the patient with a dense ball in the left one, 1 x 1.5 x 2 mm voxels in any orientation."""
    spacing = np.array([1.0, 1.5, 2.0])
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    affine[list(axes), range(3)] = spacing * signs
    affine[1, :3] += shear * affine[2, :3]
    extent = np.empty(3)
    extent[list(axes)] = spacing
    shape = np.ceil(np.array([180.0, 110.0, 130.0])[list(axes)] / spacing).astype(int)
    affine[:3, 3] = np.array([0.0, 0.0, 50.0]) - affine[:3, :3] @ ((shape - 1) / 2)
    points = index_to_world(affine, np.moveaxis(np.indices(tuple(shape)), 0, -1))
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    lung = (np.abs(y) < 36) & (z > 10) & (z < 90)
    labels = np.where(lung & (np.abs(x - 40) < 28), LEFT_LUNG, np.where(lung & (np.abs(x + 40) < 28), RIGHT_LUNG, 0)).astype(np.uint8)
    hu = np.where(labels > 0, -840.0, 40.0)
    hu[np.linalg.norm(points - (40.0, 10.0, 60.0), axis=-1) < 9] = 40.0
    return lung_images(CTVolume(hu.astype(np.float32), affine, CTSource("phantom")), LungMask(labels, affine, True))


def at(image: sitk.Image, *point: float) -> float:
    return float(image[image.TransformPhysicalPointToIndex(point)])


@pytest.mark.parametrize(
    ("axes", "signs", "shear"), [((0, 1, 2), (1, 1, 1), 0.0), ((2, 0, 1), (-1, 1, -1), 0.0), ((0, 1, 2), (1, -1, 1), 0.25)]
)
def test_the_patients_places_keep_their_values(axes: tuple[int, ...], signs: tuple[int, ...], shear: float) -> None:
    images = boxes(axes, signs, shear)
    assert images.density.GetSpacing() == (VOXEL_MM,) * 3
    assert [at(images.labels, x, 0.0, 50.0) for x in (-40.0, 40.0, 0.0)] == [RIGHT_LUNG, LEFT_LUNG, 0]
    assert at(images.density, -40.0, 0.0, 50.0) == pytest.approx(0.0, abs=0.01)
    assert at(images.density, 40.0, 10.0, 60.0) == pytest.approx(1.0, abs=0.01)
    assert at(images.density, 0.0, 0.0, 50.0) == pytest.approx(1.0, abs=0.01)
    assert at(images.distance, -40.0, 0.0, 50.0) == pytest.approx(-26.0, abs=4.0)
    assert at(images.distance, 0.0, 0.0, 50.0) == pytest.approx(12.0, abs=4.0)
    volume = np.count_nonzero(sitk.GetArrayFromImage(images.labels)) * VOXEL_MM**3
    assert volume == pytest.approx(2 * 56 * 72 * 80, rel=0.15)  # half-filled voxels at the faces count as none


def test_distances_are_cut() -> None:
    values = sitk.GetArrayFromImage(boxes((0, 1, 2), (1, 1, 1)).distance)
    assert values.dtype == np.float32
    assert np.abs(values).max() <= FARTHEST_MM
