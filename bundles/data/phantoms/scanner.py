"""How the phantom is scanned: voxel size, slice thickness, reconstruction kernel, dose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from nodulescope.bundles.errors import UsageError

Kernel = Literal["soft", "standard", "sharp"]

KERNEL_SIGMA_MM: dict[Kernel, float] = {"soft": 0.70, "standard": 0.50, "sharp": 0.34}
"""Standard deviation of the in-plane point spread. A Gaussian's full width at half maximum is 2.35 times this: 1.6, 1.2 and 0.8 mm, the
range that clinical body kernels span from smooth to lung."""

KERNEL_EDGE_GAIN: dict[Kernel, float] = {"soft": 0.0, "standard": 0.0, "sharp": 0.5}
"""Strength of the edge enhancement (unsharp mask) that lung kernels show as a dark rim around bright vessels."""

KERNEL_NOISE_PEAK_PER_MM: dict[Kernel, float] = {"soft": 0.22, "standard": 0.32, "sharp": 0.55}
"""Spatial frequency (cycles per mm) at which the noise power of the kernel peaks."""

MATRIX = 512
"""Pixels along a side of the reconstruction matrix of drawn scanners (clinical CT)."""


@dataclass(frozen=True)
class Scanner:
    """One acquisition and reconstruction.

    Attributes:
        spacing_mm: distance between voxel centres along the patient's left, back and head.
        slice_thickness_mm: width of the box-shaped slice profile; may exceed the slice spacing (overlapping slices). 0 means the spacing.
        kernel: ``"soft"``, ``"standard"`` or ``"sharp"``.
        noise_hu: standard deviation of the noise in the middle of the chest, in HU.
        field_of_view_mm: diameter of a circular field of view: the grid is a square around it and everything outside it is padding. None
            gives a box around the whole body without padding.

    Raises:
        UsageError: a value is out of its range.
    """

    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    slice_thickness_mm: float = 0.0
    kernel: Kernel = "standard"
    noise_hu: float = 22.0
    field_of_view_mm: float | None = None

    def __post_init__(self) -> None:
        if not all(0.3 <= s <= 10.0 for s in self.spacing_mm):
            raise UsageError(f"a phantom's spacing must lie between 0.3 and 10 mm, not {self.spacing_mm}")
        if not 0.0 <= self.slice_thickness_mm <= 10.0:
            raise UsageError(f"a phantom's slice thickness must lie between 0 and 10 mm, not {self.slice_thickness_mm}")
        if self.kernel not in get_args(Kernel):
            raise UsageError(f"a phantom's kernel is one of {', '.join(get_args(Kernel))}, not {self.kernel}")
        if not 0.0 <= self.noise_hu <= 200.0:
            raise UsageError(f"a phantom's noise must lie between 0 and 200 HU, not {self.noise_hu}")
        if self.field_of_view_mm is not None and not 100.0 <= self.field_of_view_mm <= 700.0:
            raise UsageError(f"a phantom's field of view must lie between 100 and 700 mm, not {self.field_of_view_mm}")

    @property
    def thickness_mm(self) -> float:
        """Width of the slice profile in mm, never less than half the spacing."""
        return self.slice_thickness_mm or self.spacing_mm[2]


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Draw a scanner as they occur among LIDC-IDRI: 512 matrix, 0.6 to 0.8 mm pixels, slices of 0.6 to 3 mm, mostly standard kernels."""
    field = float(rng.uniform(330.0, 400.0))
    pixel = round(field / MATRIX, 6)
    thickness, step = ((1.25, 1.25), (2.5, 2.5), (1.0, 1.0), (2.5, 1.25), (2.0, 2.0), (3.0, 3.0))[
        int(rng.choice(6, p=[0.3, 0.2, 0.15, 0.15, 0.1, 0.1]))
    ]
    kernel: Kernel = ("soft", "standard", "sharp")[int(rng.choice(3, p=[0.25, 0.5, 0.25]))]
    base = {"soft": 14.0, "standard": 22.0, "sharp": 38.0}[kernel]
    noise = base * float(rng.uniform(0.7, 1.5)) * float(np.sqrt(1.5 / thickness))
    return Scanner((pixel, pixel, step), thickness, kernel, round(noise, 2), round(pixel * MATRIX, 3))


def training_scanner(rng: np.random.Generator) -> Scanner:
    """Draw a scanner as :func:`draw_scanner` does, on the 1 mm grid of training data: its blur and noise remain."""
    drawn = draw_scanner(rng)
    return replace(drawn, spacing_mm=(1.0, 1.0, 1.0), slice_thickness_mm=max(drawn.thickness_mm, 1.0), field_of_view_mm=None)
