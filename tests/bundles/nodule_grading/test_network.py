from __future__ import annotations

import pytest
import torch

from nodulescope.bundles.nodule_grading.network import C3D, RECEPTIVE_FIELD, STRIDE
from nodulescope.bundles.nodule_grading.ratings import HEADS


@pytest.fixture
def network() -> C3D:
    torch.manual_seed(0)
    made = C3D(len(HEADS), channels=(4, 6, 8, 10))
    for _ in range(20):
        made(torch.rand(4, 1, *[RECEPTIVE_FIELD] * 3))  # statistics that fit, so that no feature is dead
    return made.eval()


@torch.no_grad()
def test_scanning_densely_equals_cutting_out_every_cube(network: C3D) -> None:
    volume = torch.rand(1, 1, RECEPTIVE_FIELD + 2 * STRIDE, RECEPTIVE_FIELD + STRIDE, RECEPTIVE_FIELD + STRIDE - 1)
    dense = network(volume)
    assert dense.shape == (1, len(HEADS), 3, 2, 1)
    for i in range(3):
        for j in range(2):
            cube = volume[:, :, i * STRIDE : i * STRIDE + RECEPTIVE_FIELD, j * STRIDE : j * STRIDE + RECEPTIVE_FIELD, :RECEPTIVE_FIELD]
            torch.testing.assert_close(network(cube)[:, :, 0, 0, 0], dense[:, :, i, j, 0])


@torch.no_grad()
def test_an_answer_depends_on_its_own_cube_alone(network: C3D) -> None:
    volume = torch.rand(1, 1, RECEPTIVE_FIELD + STRIDE, RECEPTIVE_FIELD, RECEPTIVE_FIELD)
    changed = volume.clone()
    changed[:, :, :STRIDE] = 0.0
    assert torch.equal(network(volume)[:, :, 1], network(changed)[:, :, 1])
    assert not torch.equal(network(volume)[:, :, 0], network(changed)[:, :, 0])


def test_a_smaller_cube_is_refused(network: C3D) -> None:
    with pytest.raises(RuntimeError):
        network(torch.rand(1, 1, *[RECEPTIVE_FIELD - 1] * 3))
