"""A host, a stack and a crop, small enough for tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nodulescope.bundles.data.host_scan import HostScan
from nodulescope.bundles.data.nodule_crops import NoduleCrop
from nodulescope.bundles.data.nodule_stacks import NoduleStack

READER = (4.0, 5.0, 4.0, 4.0, 1.0, 1.0, 5.0, 6.0)


def ball(edge: int, diameter: float, height: int | None = None) -> np.ndarray:
    shape = (edge, edge, height or edge)
    return np.asarray(np.linalg.norm(np.moveaxis(np.indices(shape), 0, -1) - (np.array(shape) - 1) / 2, axis=-1) <= diameter / 2)


def stack(key: str, patient: str, readers: int = 3) -> NoduleStack:
    inside = ball(64, 9.0, 11)
    hu = np.where(inside, 30.0, -850.0).astype(np.float32)
    bits = inside.astype(np.uint8) * (2**readers - 1)
    return NoduleStack(key, patient, hu, bits.astype(np.uint8), (1.0, 1.0, 1.0), (READER,) * readers)


def crop(key: str, patient: str) -> NoduleCrop:
    inside = ball(51, 11.0)
    return NoduleCrop(key, patient, np.where(inside, 20.0, -800.0).astype(np.float32), inside, READER)


@pytest.fixture
def host_lung() -> HostScan:
    """Lung of -870 HU with a vessel, in soft tissue, with a lesion at (40, 60, 55)."""
    hu = np.full((150, 120, 110), 40.0, np.float32)
    lungs = np.zeros(hu.shape, np.uint8)
    lungs[10:140, 10:110, 10:100] = 1
    hu[lungs > 0] = -870.0
    hu[80:82, 50:52, 10:100] = 60.0
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = (-70.0, -50.0, 20.0)
    return HostScan(hu, lungs, affine, ((np.array([40.0, 60.0, 55.0]), 8.0),))


@pytest.fixture
def make_stack() -> Callable[..., NoduleStack]:
    return stack


@pytest.fixture
def make_crop() -> Callable[..., NoduleCrop]:
    return crop
