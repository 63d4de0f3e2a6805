from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, CTSource, CTVolume
from nodulescope.bundles.data.classical_lungs import classical_lung_mask
from nodulescope.bundles.data.phantoms import PhantomScan, Scanner, make_phantom
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec
from nodulescope.bundles.data.smoke_datalist import SMALL_PATIENT
from nodulescope.bundles.errors import InputError


@pytest.fixture(scope="module")
def phantom() -> PhantomScan:
    return make_phantom(5, scanner=Scanner(spacing_mm=(2.0, 2.0, 2.0)), patient=SMALL_PATIENT, nodules=[NoduleSpec(diameter_mm=14.0)])


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)))


def test_lungs_of_a_phantom_and_their_volume(phantom: PhantomScan) -> None:
    found = classical_lung_mask(phantom.ct)
    for label in (RIGHT_LUNG, LEFT_LUNG):
        assert dice(found.labels == label, phantom.lungs == label) > 0.9
    assert found.volume_ml() == pytest.approx(phantom.lung_volumes_ml()["total"], rel=0.1)


def test_the_nodule_belongs_to_the_lung(phantom: PhantomScan) -> None:
    found = classical_lung_mask(phantom.ct).labels
    assert (found[phantom.nodules_label > 0] > 0).mean() > 0.95


def test_sides_are_the_patients_in_any_order_of_axes(phantom: PhantomScan) -> None:
    turned_affine = phantom.ct.affine_lps[:, [2, 0, 1, 3]].copy()
    hu = np.ascontiguousarray(phantom.ct.hu.transpose(2, 0, 1)[:, ::-1])
    turned_affine[:3, 3] += turned_affine[:3, 1] * (hu.shape[1] - 1)
    turned_affine[:3, 1] *= -1
    turned = classical_lung_mask(replace(phantom.ct, hu=hu, affine_lps=turned_affine, padding=None)).labels[:, ::-1].transpose(1, 2, 0)
    straight = classical_lung_mask(phantom.ct).labels
    for label in (RIGHT_LUNG, LEFT_LUNG):
        assert dice(turned == label, straight == label) > 0.97


def test_a_ct_without_lungs_is_refused() -> None:
    hu = np.full((60, 60, 40), 40.0, np.float32)
    hu[:5] = -1000.0
    with pytest.raises(InputError, match="there are no lungs in this CT"):
        classical_lung_mask(CTVolume(hu, np.diag([3.0, 3.0, 3.0, 1.0]), CTSource("phantom", path="a block of flesh")))
