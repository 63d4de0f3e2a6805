"""Training cubes of real nodules: stacks set into real lung, crops as they are, and places without a nodule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nodulescope.bundles.data.cube_datalist import CubeDatalist
from nodulescope.bundles.data.host_scan import HostScan
from nodulescope.bundles.data.nodule_crops import NoduleCrop
from nodulescope.bundles.data.nodule_stacks import CUBE_SIZE, NoduleStack, blend_into, blend_slab_into

EMPTY_PER_NODULE = 0.25
"""Places without a nodule for each place with one."""

FREE_OF_NODULES_MM = 25.0
"""From a host's lesion to the middle of a cube that counts as empty: the cube sees no part of it where it matters."""

VESSEL_ABOVE_HU = -300.0


def write_nodule_cubes(
    cubes: CubeDatalist,
    stacks: Sequence[NoduleStack],
    crops: Sequence[NoduleCrop],
    host: HostScan,
    host_patient: str,
    mistakes: Sequence[NDArray[np.float64]] = (),
    *,
    seed: int = 0,
) -> Iterator[int]:
    """Fill a cube datalist.

    Args:
        cubes: receives the cubes.
        stacks: nodules of a few slices.
        crops: nodules in their own surroundings.
        host: its lung surrounds the stacks and gives the empty places.
        host_patient: whose scan that is. Its tissue surrounds the nodules of every fold, so it only ever trains, and none of its own
            nodules is added.
        mistakes: voxels of the host that a detector took for nodules: every third empty place is one of them.
        seed: draws places.

    Yields:
        The number of nodules done, for a progress bar.
    """
    rng = np.random.default_rng(seed)
    free = host.free_places(FREE_OF_NODULES_MM)
    deep = np.argwhere(ndimage.distance_transform_edt(free) > 8.0)
    vessels = np.argwhere(free & (host.hu > VESSEL_ABOVE_HU))
    for number, stack in enumerate(stacks, 1):
        blended = blend_into(stack, host.cube(deep[rng.integers(len(deep))], CUBE_SIZE))
        if blended is not None and stack.patient != host_patient:
            cubes.add(stack.key, stack.patient, blended.hu, outline=blended.consensus, ratings=stack.ratings, readers=blended.readers)
        yield number
    for number, crop in enumerate(crops, len(stacks) + 1):
        pad = [((CUBE_SIZE - size) // 2, CUBE_SIZE - size - (CUBE_SIZE - size) // 2) for size in crop.hu.shape]
        if crop.patient != host_patient:
            hu = np.pad(crop.hu, pad, mode="reflect")
            cubes.add(crop.key, crop.patient, hu, outline=np.pad(crop.outline, pad), ratings=[crop.rating])
        yield number
    for number in range(round(EMPTY_PER_NODULE * len(stacks))):
        if mistakes and number % 3 == 0:
            place = mistakes[int(rng.integers(len(mistakes)))]
        else:
            pool = vessels if number % 3 == 1 else deep
            place = pool[rng.integers(len(pool))]
        cube = host.cube(place, CUBE_SIZE)
        if number % 2:  # half of them with the seams that a stack's cube has
            spacing = stacks[int(rng.integers(len(stacks)))].spacing_mm
            slices = int(rng.integers(2, 9))
            cube = blend_slab_into(_slab(host, place, spacing, slices), spacing, host.cube(deep[rng.integers(len(deep))], CUBE_SIZE))
        cubes.add(f"empty_{number:05d}", host_patient, cube, training_only=True)


def _slab(host: HostScan, center: NDArray[np.float64], spacing_mm: tuple[float, float, float], slices: int) -> NDArray[np.float32]:
    """A few slices of 64 x 64 pixels around a voxel of the host, as thick as the spacing between them."""
    shape = (CUBE_SIZE, CUBE_SIZE, slices)
    size = CUBE_SIZE + 2 * int(np.ceil(max(spacing_mm))) * 2
    around = ndimage.gaussian_filter1d(host.cube(center, max(size, round(slices * spacing_mm[2]) + 4)), spacing_mm[2] / 2.5, axis=2)
    offsets = [(np.arange(n) - (n - 1) / 2.0) * s + (around.shape[0] - 1) / 2.0 for n, s in zip(shape, spacing_mm, strict=True)]
    return np.asarray(ndimage.map_coordinates(around, np.meshgrid(*offsets, indexing="ij"), order=1, mode="nearest"), dtype=np.float32)
