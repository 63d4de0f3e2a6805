from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from nodulescope.bundles.contracts import CTSource, CTVolume, LungMask
from nodulescope.bundles.data.phantoms import Motion
from nodulescope.operators.priors import registration
from nodulescope.operators.priors.lung_images import LungImages, lung_images
from nodulescope.operators.priors.registration import (
    AFFINE_GATE_MM,
    AFFINE_ONLY,
    DEFORMABLE_GATE_MM,
    Method,
    NotRegistered,
    Registration,
    lung_dice,
    register_lungs,
)

Pair = tuple[LungImages, LungImages]


@pytest.fixture(scope="module")
def found(lung_pair: Pair) -> Registration:
    return register_lungs(*lung_pair)


def points_in(images: LungImages) -> np.ndarray:
    """A few hundred points in the lungs, LPS mm."""
    voxels = np.argwhere(sitk.GetArrayFromImage(images.labels).transpose(2, 1, 0))[::40]
    return voxels * images.labels.GetSpacing() + images.labels.GetOrigin()


def errors(found: Registration, images: LungImages, motion: Motion) -> np.ndarray:
    points = points_in(images)
    return np.linalg.norm(found.to_current(points) - motion.to_later(points), axis=1)


def fail(*_: object) -> sitk.Transform:
    """A deformation that does not come about."""
    raise RuntimeError("all samples map outside")


def test_breath_and_position_are_found_again(found: Registration, lung_pair: Pair, motion: Motion) -> None:
    points = points_in(lung_pair[0])
    assert np.linalg.norm(motion.to_later(points) - points, axis=1).mean() > 15.0  # there is something to find
    assert found.method is Method.DEFORMABLE
    assert found.gate_mm == DEFORMABLE_GATE_MM
    assert errors(found, lung_pair[0], motion).mean() < 2.0
    assert errors(found, lung_pair[0], motion).max() < 6.0
    assert found.lung_dice is not None
    assert found.lung_dice > 0.93
    assert found.warnings == ()


def test_the_way_back(found: Registration, lung_pair: Pair) -> None:
    points = points_in(lung_pair[0])
    np.testing.assert_allclose(found.to_prior(found.to_current(points)), points, atol=1e-3)


def test_the_affine_result_stands_where_the_deformation_fails(lung_pair: Pair, motion: Motion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "_deformation", fail)
    found = register_lungs(*lung_pair)
    assert found.method is Method.AFFINE
    assert found.gate_mm == AFFINE_GATE_MM
    assert found.warnings == (AFFINE_ONLY,)
    assert errors(found, lung_pair[0], motion).mean() < 5.0


def test_a_fold_is_refused(lung_pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    flat = sitk.AffineTransform(3)
    flat.SetMatrix((1, 0, 0, 0, 1, 0, 0, 0, -1))
    assert registration._least_jacobian(lung_pair[0], flat) == pytest.approx(-1.0, abs=1e-6)
    monkeypatch.setattr(registration, "_deformation", lambda *_: sitk.TranslationTransform(3))
    monkeypatch.setattr(registration, "_least_jacobian", lambda *_: 0.05)
    assert register_lungs(*lung_pair).method is Method.AFFINE


def test_overlap_is_counted_side_by_side(lung_pair: Pair) -> None:
    still = lung_pair[0]
    assert lung_dice(still, still, sitk.Transform(3, sitk.sitkIdentity)) == 1.0
    mirrored = sitk.AffineTransform(3)
    mirrored.SetMatrix((-1, 0, 0, 0, 1, 0, 0, 0, 1))
    assert lung_dice(still, still, mirrored) < 0.05


def one_lung(length_mm: float) -> LungImages:
    """A box of lung in tissue."""
    labels = np.zeros((24, 24, 60), np.uint8)
    labels[4:20, 4:20, 4 : 4 + round(length_mm / 4)] = 1
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    return lung_images(
        CTVolume(np.where(labels, -850.0, 40.0).astype(np.float32), affine, CTSource("phantom")), LungMask(labels, affine, True)
    )


def test_an_impossible_stretch_is_refused() -> None:
    with pytest.raises(NotRegistered, match="stretched"):
        register_lungs(one_lung(80.0), one_lung(200.0))


def test_lungs_that_do_not_overlap_are_refused(lung_pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "_deformation", fail)
    monkeypatch.setattr(registration, "lung_dice", lambda *_: 0.8)
    with pytest.raises(NotRegistered, match=r"0\.80 \(Dice\)"):
        register_lungs(*lung_pair)
