from __future__ import annotations

import pytest
import torch

from nodulescope.bundles.mirroring import MirroredInferer


def one_sided(cubes: torch.Tensor) -> torch.Tensor:
    """Sees its own voxel and the next one along x, so that it answers mirror images differently."""
    return 4.0 * cubes[:, :1] + torch.roll(cubes[:, :1], 1, dims=2)


@pytest.fixture
def cubes() -> torch.Tensor:
    return torch.randn(2, 1, 4, 5, 6, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("axes", [(2,), (3,), (4,), (2, 4), (2, 3, 4)])
def test_a_mirrored_cube_gives_the_mirrored_answer(cubes: torch.Tensor, axes: tuple[int, ...]) -> None:
    inferer = MirroredInferer(enabled=False)
    answer = inferer(cubes, one_sided)
    assert answer.shape == cubes.shape
    torch.testing.assert_close(inferer(cubes.flip(axes), one_sided).sigmoid(), answer.flip(axes).sigmoid())
    assert not torch.allclose(one_sided(cubes.flip((2,))), one_sided(cubes).flip((2,)))


def test_the_answer_is_the_mean_probability(cubes: torch.Tensor) -> None:
    # The network's two answers: with the neighbour on the one side, and with the one on the other.
    both = (one_sided(cubes).sigmoid() + one_sided(cubes.flip((2,))).flip((2,)).sigmoid()) / 2
    torch.testing.assert_close(MirroredInferer(enabled=False)(cubes, one_sided).sigmoid(), both)


def test_certainty_stays_finite() -> None:
    answer = MirroredInferer(enabled=False)(torch.full((1, 1, 2, 2, 2), 1e4), lambda cubes: cubes)
    assert torch.isfinite(answer).all()
    assert (answer.sigmoid() > 0.999).all()
