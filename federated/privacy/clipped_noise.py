"""The Gaussian mechanism on a network's update."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.errors import InputError

Update = dict[str, NDArray[np.generic]]
"""Name of a parameter to what a site changed of it."""


def clip_and_noise(
    update: Mapping[str, NDArray[np.generic]], clip_norm: float, noise_multiplier: float, rng: np.random.Generator
) -> tuple[Update, float]:
    """Scale an update down to a norm and add Gaussian noise to each of its values.

    Whole numbers, such as a normalisation layer's count of batches, tell how much data a site has and are of no use to others: they become
    0.

    Args:
        update: parameter to change.
        clip_norm: largest Euclidean norm of all values together, C.
        noise_multiplier: z; the noise has the standard deviation z·C.
        rng: where the noise comes from; seed it from the operating system, for whoever knows the seed can take the noise off.

    Returns:
        The noisy update, in the types of the given one, and the norm it had before.

    Raises:
        InputError: a value is not finite. Clipped, it would spoil every value.
    """
    floating = {
        name: np.asarray(value, np.float64) for name, value in update.items() if np.issubdtype(np.asarray(value).dtype, np.floating)
    }
    for name, values in floating.items():
        if not np.isfinite(values).all():
            raise InputError(f"update of {name}: holds values that are not finite; nothing is shared in this round")
    norm = float(np.sqrt(sum(float(np.vdot(values, values)) for values in floating.values())))
    scale = min(1.0, clip_norm / norm) if norm > 0 else 1.0
    noisy: Update = {}
    for name, value in update.items():
        kind = np.asarray(value).dtype
        if name in floating:
            noise = rng.normal(0.0, noise_multiplier * clip_norm, floating[name].shape)
            noisy[name] = np.asarray(floating[name] * scale + noise, dtype=kind)
        else:
            noisy[name] = np.zeros_like(np.asarray(value))
    return noisy, norm
