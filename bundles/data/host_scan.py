"""A real scan whose lungs receive nodules: the tissue of training cubes and of blended scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, CropForegroundd, EnsureTyped, Orientationd, Spacingd
from numpy.typing import ArrayLike, NDArray

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.bundles.coordinates import swap_ras_lps, world_to_index

MARGIN_MM = 40
"""Kept around the lungs: half a training cube and a little more."""

Sphere = tuple[NDArray[np.float64], float]


@dataclass(frozen=True)
class HostScan:
    """A scan at 1 mm, RAS.

    Attributes:
        hu: float32 HU, shape (x, y, z).
        lungs: uint8 lung labels, same shape.
        affine_ras: voxel to RAS mm.
        lesions: its own lesions as spheres (centre in voxels, radius in mm): nothing is set into them, and nothing near them counts as free
            of nodules.
    """

    hu: NDArray[np.float32]
    lungs: NDArray[np.uint8]
    affine_ras: NDArray[np.float64]
    lesions: tuple[Sphere, ...]

    def free_places(self, distance_mm: float) -> NDArray[np.bool_]:
        """Lung that lies at least this far from every lesion."""
        free = self.lungs > 0
        for center, radius in self.lesions:
            grid = np.ogrid[tuple(slice(0, size) for size in free.shape)]
            squared = sum((axis - middle) ** 2 for axis, middle in zip(grid, center, strict=True))
            free &= squared >= (radius + distance_mm) ** 2
        return np.asarray(free)

    def cube(self, center: ArrayLike, size: int) -> NDArray[np.float32]:
        """HU of the cube of this many voxels around a voxel; outside the scan the border goes on."""
        ranges = [
            np.clip(np.arange(round(c) - size // 2, round(c) - size // 2 + size), 0, extent - 1)
            for c, extent in zip(np.asarray(center, dtype=float).tolist(), self.hu.shape, strict=True)
        ]
        return np.asarray(self.hu[np.ix_(*ranges)])


def host_scan(ct: CTVolume, lungs: LungMask, lesions: Sequence[tuple[ArrayLike, float]]) -> HostScan:
    """Bring a scan to 1 mm.

    Args:
        ct: the scan.
        lungs: its lungs, on its grid.
        lesions: centre (LPS mm) and diameter (mm) of everything in it that is, or may be, a nodule.
    """
    affine = torch.as_tensor(swap_ras_lps(ct.affine_lps))
    item = {
        "image": MetaTensor(torch.from_numpy(np.ascontiguousarray(ct.hu))[None], affine=affine),
        "label": MetaTensor(torch.from_numpy(np.ascontiguousarray(lungs.labels))[None], affine=affine),
    }
    both = ["image", "label"]
    canonical = Compose(
        [
            Orientationd(both, axcodes="RAS", labels=None),
            Spacingd(both, pixdim=(1.0,) * 3, mode=["bilinear", "nearest"], padding_mode="border", dtype=np.float32),
            CropForegroundd(both, source_key="label", margin=MARGIN_MM, allow_smaller=True),
            EnsureTyped(both),
        ]
    )(item)
    grid = canonical["image"].affine.numpy()
    spheres = tuple((world_to_index(swap_ras_lps(grid), center), float(diameter) / 2.0) for center, diameter in lesions)
    return HostScan(canonical["image"][0].numpy().astype(np.float32), canonical["label"][0].numpy().astype(np.uint8), grid, spheres)
