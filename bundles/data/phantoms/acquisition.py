"""From the composed body to a scan: point spread, slice profile, noise, circular field of view."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter1d

from nodulescope.bundles.data.phantoms.grid import Field, Grid
from nodulescope.bundles.data.phantoms.scanner import KERNEL_EDGE_GAIN, KERNEL_NOISE_PEAK_PER_MM, KERNEL_SIGMA_MM, Scanner

EDGE_SIGMA_MM = 1.1
"""Width of the blur that a sharp kernel's unsharp mask subtracts."""

NOISE_OUTSIDE = 0.25
"""Noise in the air around the patient relative to the middle of the chest."""

LOWEST_HU = -1024.0
HIGHEST_HU = 3071.0
"""Range of 12-bit CT values."""


def blur_in_plane(hu: Field, grid: Grid, scanner: Scanner) -> None:
    """Apply the kernel's point spread to every slab, in place."""
    sigma = KERNEL_SIGMA_MM[scanner.kernel]
    gain = np.float32(KERNEL_EDGE_GAIN[scanner.kernel])
    for k in range(len(hu)):
        hu[k] = _blur(hu[k], grid, sigma)
        if gain:
            hu[k] += gain * (hu[k] - _blur(hu[k], grid, EDGE_SIGMA_MM))


def _blur(plane: Field, grid: Grid, sigma_mm: float) -> Field:
    """Gaussian blur of one plane; what soft edges one voxel wide have blurred already is taken off."""
    for axis, spacing in ((0, grid.spacing_mm[1]), (1, grid.spacing_mm[0])):
        # A soft edge one voxel wide is a box of variance spacing^2 / 12.
        variance = (sigma_mm / spacing) ** 2 - 1 / 12
        if variance > 0.01:
            plane = gaussian_filter1d(plane, float(np.sqrt(variance)), axis=axis, mode="nearest", truncate=3.0)
    return plane


def average_slices(hu: Field, grid: Grid, scanner: Scanner, split: int) -> Field:
    """Average slabs over the box-shaped slice profile and keep one slice per slice spacing."""
    width = max(round(scanner.thickness_mm / grid.spacing_mm[2]), 1)
    number = len(hu) // split
    if width == 1 and split == 1:
        return hu
    out = np.empty((number, *hu.shape[1:]), dtype=np.float32)
    for k in range(number):
        middle = k * split + (split - 1) / 2
        first = int(np.ceil(middle - (width - 1) / 2 - 1e-9))
        out[k] = hu[max(first, 0) : min(first + width, len(hu))].mean(axis=0)
    return out


def add_noise(hu: Field, grid: Grid, scanner: Scanner, level: Callable[[int], Field], streaks: Field, rng: np.random.Generator) -> None:
    """Add correlated quantum noise, in place.

    Its power rises with frequency up to the kernel's peak and falls beyond (filtered back-projection); overlapping slices share it.

    Args:
        hu: slices (z, y, x).
        grid: the scan's grid.
        scanner: kernel, dose, slice thickness.
        level: gives, for a slice's number, the factor on the noise at each of its pixels (y, x).
        streaks: share of the noise that runs from side to side, per slice (the shoulders absorb most X-rays sideways).
        rng: draws it.
    """
    if scanner.noise_hu <= 0:
        return
    shape = hu.shape[1:]
    even2, sideways2 = (_noise_filter(shape, grid, scanner, flat) ** 2 for flat in (False, True))
    overlap = scanner.thickness_mm / scanner.spacing_mm[2]
    memory = np.float32(max(1 - 1 / overlap, 0.0)) if overlap > 1 else np.float32(0.0)
    before: Field | None = None
    for k in range(len(hu)):
        white = rng.standard_normal(shape, dtype=np.float32)
        if before is not None and memory > 0:
            white = memory * before + np.sqrt(1 - memory * memory) * white
        before = white
        share = np.float32(streaks[k])
        shaped = fft.irfft2(fft.rfft2(white) * (np.sqrt(even2 * (1 - share * share) + sideways2 * share * share)), s=shape)
        hu[k] += (shaped * np.float32(scanner.noise_hu)) * level(k)


def _noise_filter(shape: tuple[int, int], grid: Grid, scanner: Scanner, flat: bool) -> Field:
    """Amplitude filter that turns white noise of standard deviation 1 into shaped noise of standard deviation 1."""
    fy = np.fft.fftfreq(shape[0], grid.spacing_mm[1])[:, None]
    fx = np.fft.rfftfreq(shape[1], grid.spacing_mm[0])[None, :]
    f = np.hypot(fx, fy)
    peak = KERNEL_NOISE_PEAK_PER_MM[scanner.kernel]
    # sqrt of the power f^1 exp(-(f/peak)^2 / 2): maximal at the peak frequency; the floor stands for reconstruction from many views.
    amplitude = np.sqrt((f / peak + 0.08) * np.exp(-0.5 * (f / peak) ** 2))
    if flat:
        amplitude = amplitude * np.exp(-0.5 * (fx / (0.15 * np.abs(fy) + 0.006)) ** 2)
    weight = np.full(fx.shape, 2.0)
    weight[0, 0] = 1.0
    if shape[1] % 2 == 0:
        weight[0, -1] = 1.0
    power = float((weight * amplitude**2).sum() / (shape[0] * shape[1]))
    return np.asarray(amplitude / np.sqrt(power), dtype=np.float32)


def outside_field(grid: Grid, scanner: Scanner) -> NDArray[np.bool_] | None:
    """Pixels (y, x) outside the circular field of view, or None for a scanner without one."""
    if scanner.field_of_view_mm is None:
        return None
    x, y, _ = grid.axes()
    cx = grid.origin_mm[0] + grid.spacing_mm[0] * (grid.shape[2] - 1) / 2
    cy = grid.origin_mm[1] + grid.spacing_mm[1] * (grid.shape[1] - 1) / 2
    return np.asarray(((x[0] - cx) ** 2 + (y[0] - cy) ** 2) > (scanner.field_of_view_mm / 2) ** 2)
