from __future__ import annotations

import pytest
import torch
from torch.nn.functional import avg_pool3d

from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.nodule_detection.windows import OverlappingWindows

SIZES = [(64, 64, 64), (80, 64, 64), (144, 96, 112), (48, 80, 16)]
"""As the detector pads them: multiples of 16, smaller and larger than the window."""


def local_maps(image: torch.Tensor) -> list[torch.Tensor]:
    """A network without context: what it answers at a place does not depend on the window."""
    return [avg_pool3d(image, stride) for stride in (4, 8, 16)]


@pytest.mark.parametrize("size", SIZES)
def test_windows_cover_every_voxel_on_one_grid_of_anchors(size: tuple[int, int, int]) -> None:
    image = torch.rand(1, 1, *size)
    maps = OverlappingWindows(64)(image, local_maps)
    for found, expected in zip(maps, local_maps(image), strict=True):
        torch.testing.assert_close(found, expected)


def test_each_window_is_seen_once_and_none_is_larger() -> None:
    seen = torch.zeros(144, 96, 64)
    windows: list[tuple[int, ...]] = []

    def count(part: torch.Tensor) -> torch.Tensor:
        windows.append(tuple(part.shape[2:]))
        seen.view(-1)[part.flatten().long()] += 1
        return part

    OverlappingWindows(64)(torch.arange(seen.numel(), dtype=torch.float64).reshape(1, 1, *seen.shape), count)
    assert set(windows) == {(64, 64, 64)}
    assert len(windows) == 3 * 2
    assert float(seen.min()) == 1.0


@pytest.mark.parametrize("edge", [0, -64, 48, 100])
def test_other_edges_are_refused(edge: int) -> None:
    with pytest.raises(UsageError, match="multiple of 64"):
        OverlappingWindows(edge)
