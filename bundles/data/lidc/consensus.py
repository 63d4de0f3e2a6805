"""What the readers of a nodule agree on, and how large it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.coordinates import index_to_world
from nodulescope.bundles.data.lidc.nodules import MarkedNodule
from nodulescope.bundles.data.lidc.regions import Region, box_around

AGREEMENT = 0.5
"""Share of a nodule's readers that must count a voxel in: at least half of them, as is usual for LIDC-IDRI."""

_ROUNDING = 1e-6
"""Two of three readers reach an agreement that was typed as 0.6667."""


def consensus(nodule: MarkedNodule, agreement: float = AGREEMENT) -> Region | None:
    """The voxels that enough of a nodule's readers count in.

    Args:
        nodule: the nodule.
        agreement: share of the readers who marked this nodule, above 0 and up to 1.

    Returns:
        The voxels in the smallest box around them; None where no voxel reaches the agreement.
    """
    regions = [nodule.region(reader) for reader in nodule.readers]
    start, stop = box_around(regions)
    votes = np.mean([region.within(start, stop) for region in regions], axis=0)
    return shrunk(Region((start[0], start[1], start[2]), votes >= agreement - _ROUNDING))


def shrunk(region: Region) -> Region | None:
    """The same voxels in the smallest box around them; None where there are none."""
    if not region.inside.any():
        return None
    extents = [(int(hit.min()), int(hit.max()) + 1) for hit in np.nonzero(region.inside)]
    start = [first + low for first, (low, _) in zip(region.start, extents, strict=True)]
    return Region((start[0], start[1], start[2]), region.inside[tuple(slice(low, high) for low, high in extents)])


def centroid_lps(region: Region, affine_lps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean position of a region's voxels in LPS mm."""
    return index_to_world(affine_lps, region.indices.mean(axis=0))


def ball_diameter_mm(region: Region, affine_lps: NDArray[np.float64]) -> float:
    """Diameter of the ball with a region's volume."""
    volume = float(region.inside.sum() * abs(np.linalg.det(affine_lps[:3, :3])))
    return float(np.cbrt(6.0 * volume / np.pi))


def readers_average(nodule: MarkedNodule, affine_lps: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Place and size of a nodule as LUNA16 publishes them.

    Setio et al. (Med Image Anal 42:1, 2017) average the positions and the diameters of the readers' annotations. What they averaged is not
    written there; the centroid of what each reader's outline encloses, and the diameter of the ball with its volume, give their figures
    again (tests/bundles/data/lidc/test_luna16_agreement.py).

    Returns:
        Centre in LPS mm and diameter in mm.
    """
    regions: Sequence[Region] = [nodule.region(reader) for reader in nodule.readers]
    center = np.mean([centroid_lps(region, affine_lps) for region in regions], axis=0)
    return center, float(np.mean([ball_diameter_mm(region, affine_lps) for region in regions]))
