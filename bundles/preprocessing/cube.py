"""A canonical cube around one point, cut from a CT on any grid."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import MapTransform, SpatialResample
from numpy.typing import ArrayLike, NDArray

from nodulescope.bundles.coordinates import world_to_index
from nodulescope.bundles.preprocessing.canonical import SPACING_MM, to_unit_range


def cube_affine_ras(center_lps_mm: ArrayLike, size: int, spacing_mm: float) -> NDArray[np.float64]:
    """Voxel-to-RAS affine of an axis-parallel cube of ``size`` voxels per edge, its middle at a point in LPS mm."""
    x, y, z = np.asarray(center_lps_mm, dtype=np.float64)
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    affine[:3, 3] = np.array([-x, -y, z]) - spacing_mm * (size - 1) / 2.0
    return affine


class CubeAroundd(MapTransform):
    """Cut a canonical cube around the item's own centre.

    Only the neighbourhood of the cube is touched, so a cube costs milliseconds however large the scan is. Outside the scan the cube holds 0
    (air).

    Args:
        keys: CTs in HU, ``MetaTensor`` of shape (1, ni, nj, nk) with an RAS affine.
        size: voxels per edge.
        center_key: the item's centre in LPS mm, three numbers.
        magnification_key: where present in the item, the voxel edge is ``spacing_mm`` times this number.
        spacing_mm: edge of a voxel at magnification 1.
        label_keys: label maps on the same grids, resampled to the nearest neighbour.
    """

    def __init__(
        self,
        keys: Sequence[Hashable] | Hashable,
        size: int,
        center_key: str = "center_lps_mm",
        magnification_key: str = "magnification",
        spacing_mm: float = SPACING_MM,
        label_keys: Sequence[Hashable] = (),
    ) -> None:
        super().__init__([*(keys if isinstance(keys, (list, tuple)) else (keys,)), *label_keys])
        self.label_keys = tuple(label_keys)
        self.size = size
        self.center_key = center_key
        self.magnification_key = magnification_key
        self.spacing_mm = spacing_mm

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace each image of the item by its cube, a ``MetaTensor`` of shape (1, size, size, size)."""
        item = dict(data)
        spacing = self.spacing_mm * float(item.get(self.magnification_key, 1.0))
        affine = cube_affine_ras(item[self.center_key], self.size, spacing)
        for key in self.key_iterator(item):
            item[key] = self._cut(item[key], affine, is_label=key in self.label_keys)
        return item

    def _cut(self, image: MetaTensor, affine: NDArray[np.float64], *, is_label: bool) -> MetaTensor:
        shape = np.asarray(image.shape[1:])
        corners = np.array(np.meshgrid(*[(0, self.size - 1)] * 3, indexing="ij")).reshape(3, -1).T
        source_affine = image.affine.numpy()
        indices = world_to_index(source_affine, corners @ affine[:3, :3].T + affine[:3, 3])
        start = np.clip(np.floor(indices.min(axis=0)).astype(int) - 2, 0, shape - 1)
        stop = np.clip(np.ceil(indices.max(axis=0)).astype(int) + 3, start + 1, shape)
        local_affine = source_affine.copy()
        local_affine[:3, 3] += local_affine[:3, :3] @ start
        box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        values = image.as_tensor()[(slice(None), *box)].float()
        local = MetaTensor(values if is_label else to_unit_range(values), affine=torch.as_tensor(local_affine))
        resample = SpatialResample(mode="nearest" if is_label else "bilinear", padding_mode="zeros")
        cube = resample(local, dst_affine=torch.as_tensor(affine), spatial_size=(self.size,) * 3)
        assert isinstance(cube, MetaTensor)
        return cube
