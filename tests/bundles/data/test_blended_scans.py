from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.data.blended_scans import LEAST_DISTANCE_MM, transplant
from nodulescope.bundles.data.nodule_stacks import NoduleStack

SHAPE = (130, 110, 100)


def ball(diameter_mm: float) -> NoduleStack:
    """A ball of 40 HU, wholly in its stack of 1 mm slices."""
    shape = (64, 64, int(diameter_mm) + 3)
    radius = np.linalg.norm(np.moveaxis(np.indices(shape), 0, -1) - (np.array(shape) - 1) / 2, axis=-1)
    inside = radius <= diameter_mm / 2
    return NoduleStack("n", "p", np.where(inside, 40.0, -900.0).astype(np.float32), inside.astype(np.uint8), (1.0, 1.0, 1.0), ((3.0,) * 8,))


@pytest.fixture
def host() -> tuple[np.ndarray, np.ndarray]:
    """Lung of -850 HU in soft tissue, with a vessel of 60 HU along it."""
    hu = np.full(SHAPE, 40.0, np.float32)
    lungs = np.zeros(SHAPE, bool)
    lungs[10:120, 10:100, 10:90] = True
    hu[lungs] = -850.0
    hu[60:62, 50:52, 10:90] = 60.0
    return hu, lungs


def test_nodules_appear_where_they_are_said_to_be(host: tuple[np.ndarray, np.ndarray]) -> None:
    hu, lungs = host
    before = hu.copy()
    masks = list(transplant(hu, lungs, [ball(8.0), ball(12.0), ball(6.0)] * 3, np.random.default_rng(0)))
    assert len(masks) >= 2
    for mask in masks:
        assert mask.shape == SHAPE
        assert float(hu[mask].mean()) > -150
        assert lungs[mask].mean() > 0.5
    everything = np.any(masks, axis=0)
    changed = hu != before
    assert everything[changed & (hu > -400)].all()  # nothing solid came along but the nodules
    assert (hu >= before).all()  # and nothing became darker


def test_vessels_run_on_into_a_nodule(host: tuple[np.ndarray, np.ndarray]) -> None:
    hu, lungs = host
    list(transplant(hu, lungs, [ball(12.0)] * 6, np.random.default_rng(3)))
    assert (hu[60:62, 50:52, 10:90] >= 60.0 - 1e-3).all()


def test_nodules_keep_their_distance_from_each_other_and_from_what_is_kept_free(host: tuple[np.ndarray, np.ndarray]) -> None:
    hu, lungs = host
    free = (np.array([65.0, 55.0, 50.0]), 25.0)
    masks = list(transplant(hu, lungs, [ball(8.0)] * 12, np.random.default_rng(1), keep_free=[free]))
    centers = [np.argwhere(mask).mean(axis=0) for mask in masks]
    assert len(centers) >= 2
    for number, center in enumerate(centers):
        assert np.linalg.norm(center - free[0]) >= 25.0 + 3.0
        for other in centers[:number]:
            assert np.linalg.norm(center - other) >= LEAST_DISTANCE_MM - 1.5


def test_a_nodule_that_finds_no_place_is_left_out(host: tuple[np.ndarray, np.ndarray]) -> None:
    hu, _ = host
    before = hu.copy()
    assert list(transplant(hu, np.zeros(SHAPE, bool), [ball(8.0)], np.random.default_rng(0))) == []
    np.testing.assert_array_equal(hu, before)


def test_the_same_seed_gives_the_same_scan(host: tuple[np.ndarray, np.ndarray]) -> None:
    hu, lungs = host
    again = hu.copy()
    list(transplant(hu, lungs, [ball(8.0)], np.random.default_rng(5)))
    list(transplant(again, lungs, [ball(8.0)], np.random.default_rng(5)))
    np.testing.assert_array_equal(hu, again)
