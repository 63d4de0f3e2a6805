"""The scanner's part: noise, blur, slices."""

from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.data.phantoms import Scanner
from nodulescope.bundles.data.phantoms.acquisition import add_noise, average_slices, blur_in_plane
from nodulescope.bundles.data.phantoms.grid import Grid
from nodulescope.bundles.data.phantoms.scanner import KERNEL_SIGMA_MM, Kernel
from nodulescope.bundles.errors import UsageError

GRID = Grid((0.0, 0.0, 0.0), (0.7, 0.7, 1.0), (6, 96, 96))


def noise(scanner: Scanner, streaks: float = 0.0) -> np.ndarray:  # type: ignore[type-arg]
    hu = np.zeros(GRID.shape, dtype=np.float32)
    add_noise(
        hu, GRID, scanner, lambda k: np.ones(GRID.shape[1:], dtype=np.float32), np.full(6, streaks), np.random.Generator(np.random.PCG64(5))
    )
    return hu


@pytest.mark.parametrize("kernel", ["soft", "standard", "sharp"])
@pytest.mark.parametrize("streaks", [0.0, 0.7])
def test_noise_has_the_asked_deviation(kernel: Kernel, streaks: float) -> None:
    assert noise(Scanner((0.7, 0.7, 1.0), kernel=kernel, noise_hu=30.0), streaks).std() == pytest.approx(30.0, rel=0.06)


def test_soft_kernels_make_coarser_grain() -> None:
    neighbours = []
    for kernel in ("soft", "sharp"):
        hu = noise(Scanner((0.7, 0.7, 1.0), kernel=kernel, noise_hu=30.0))  # type: ignore[arg-type]
        neighbours.append(np.corrcoef(hu[:, :, :-1].ravel(), hu[:, :, 1:].ravel())[0, 1])
    assert neighbours[0] > neighbours[1] + 0.2


def test_overlapping_slices_share_noise() -> None:
    apart = noise(Scanner((0.7, 0.7, 1.0), 1.0, noise_hu=30.0))
    overlapping = noise(Scanner((0.7, 0.7, 1.0), 2.0, noise_hu=30.0))
    assert abs(np.corrcoef(apart[0].ravel(), apart[1].ravel())[0, 1]) < 0.1
    assert np.corrcoef(overlapping[0].ravel(), overlapping[1].ravel())[0, 1] == pytest.approx(0.5, abs=0.1)


def test_blur_has_the_width_of_the_kernel() -> None:
    hu = np.zeros(GRID.shape, dtype=np.float32)
    hu[:, 48, 48] = 1000.0
    blur_in_plane(hu, GRID, Scanner((0.7, 0.7, 1.0), kernel="soft"))
    offsets = (np.arange(96) - 48) * 0.7
    variance = float((hu[0].sum(axis=0) * offsets**2).sum() / hu[0].sum())
    # A voxel is a box of variance 0.7^2 / 12 already.
    assert variance + 0.7**2 / 12 == pytest.approx(KERNEL_SIGMA_MM["soft"] ** 2, rel=0.05)
    assert hu[0].sum() == pytest.approx(1000.0, rel=1e-3)


def test_slices_average_their_profile() -> None:
    hu = np.arange(6, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), dtype=np.float32)
    grid = Grid((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (6, 2, 2))
    assert average_slices(hu, grid, Scanner((1.0, 1.0, 2.0)), 2)[:, 0, 0].tolist() == [0.5, 2.5, 4.5]
    assert average_slices(hu, grid, Scanner((1.0, 1.0, 1.0), 3.0), 1)[:, 0, 0].tolist() == [0.5, 1.0, 2.0, 3.0, 4.0, 4.5]


@pytest.mark.parametrize(
    "wrong", [{"spacing_mm": (0.1, 1, 1)}, {"kernel": "hard"}, {"noise_hu": -1.0}, {"slice_thickness_mm": 11.0}, {"field_of_view_mm": 50.0}]
)
def test_refuses_impossible_scanners(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Scanner(**wrong)  # type: ignore[arg-type]
