"""Real nodules set into the lungs of a real scan: detection training with real tissue on both sides.

Only the nodule itself is carried over, with a soft edge and never darker than what lies beneath, so that no border of the source's small
field of view comes along and vessels of the host run on into the nodule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nodulescope.bundles.data.nodule_stacks import CUBE_SIZE, NoduleStack, blend_into

LEAST_DISTANCE_MM = 30.0
"""Between the centres of two nodules that are set into one scan."""


def transplant(
    hu: NDArray[np.float32],
    lungs: NDArray[np.bool_],
    stacks: Sequence[NoduleStack],
    rng: np.random.Generator,
    *,
    keep_free: Sequence[tuple[NDArray[np.float64], float]] = (),
) -> Iterator[NDArray[np.bool_]]:
    """Set nodules into a scan, in place.

    Args:
        hu: the host in HU at 1 mm, changed in place.
        lungs: the host's lungs, same shape.
        stacks: nodules to set in.
        rng: draws places and mirror images.
        keep_free: spheres (centre in voxels, radius in mm) that nothing is set into: the host's own lesions.

    Yields:
        The voxels of each nodule that found a place, same shape as ``hu``.
    """
    depth = ndimage.distance_transform_edt(lungs)
    half = CUBE_SIZE // 2
    taken = list(keep_free)
    for stack in stacks:
        air = np.full((CUBE_SIZE,) * 3, -1000.0, np.float32)
        blended = blend_into(stack, air)
        if blended is None:
            continue
        mirror = tuple(slice(None, None, int(step)) for step in rng.choice([-1, 1], 3))
        nodule, inside = blended.hu[mirror], blended.consensus[mirror]
        radius = float(np.cbrt(inside.sum() * 0.75 / np.pi))
        room = np.argwhere((depth > 0.7 * radius) & (depth < 0.7 * radius + rng.choice([3.0, 12.0, 60.0])))
        for place in room[rng.integers(len(room), size=20)] if len(room) else ():
            low, high = place - half, place + half
            if (low < 0).any() or (high > hu.shape).any() or any(np.linalg.norm(place - c) < r + radius for c, r in taken):
                continue
            box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
            weight = ndimage.gaussian_filter(ndimage.binary_dilation(inside).astype(np.float32), 0.7)
            hu[box] += weight * np.maximum(nodule - hu[box], 0.0)
            whole = np.zeros(hu.shape, bool)
            whole[box] = inside
            taken.append((place.astype(np.float64), LEAST_DISTANCE_MM - radius))
            yield whole
            break
