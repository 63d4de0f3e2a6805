"""Floating point numbers in 8 bits, with one exponent for each block of values.

The format is MXINT8 of the Open Compute Project's *Microscaling Formats (MX) Specification*, version 1.0 (2023), sections 5.2 and 5.3.4:
32 values share a power of two, and each has 8 bits of its own, in steps of 1/64 from -127/64 to 127/64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
STEPS = 64.0
LARGEST = 127
LOWEST_EXPONENT = -127
"""Of a block of zeros, and of blocks with nothing above 2^-126."""

Packed = tuple[NDArray[np.int8], NDArray[np.int8]]
"""The values, in the shape that they had, and the exponents of their blocks, one after the other."""


def fits(value: NDArray[np.float32]) -> bool:
    """Whether all values are finite and small enough for an exponent of 8 bits."""
    return bool(value.size) and float(np.abs(value).max()) < 2.0**127


def pack(value: NDArray[np.float32]) -> Packed:
    """Round values to 8 bits; what :func:`unpack` gave is packed without any loss.

    Args:
        value: of any shape; :func:`fits` must hold.
    """
    blocks = _blocks(value.astype(np.float64))
    _, above = np.frexp(np.abs(blocks).max(axis=1))  # the largest is below 2^above and not below 2^(above - 1)
    exponents = np.where(np.abs(blocks).max(axis=1) > 0, np.maximum(above - 1, LOWEST_EXPONENT), LOWEST_EXPONENT)
    steps = np.rint(np.ldexp(blocks, -exponents[:, None]) * STEPS).clip(-LARGEST, LARGEST)
    return steps.astype(np.int8).ravel()[: value.size].reshape(value.shape), exponents.astype(np.int8)


def unpack(steps: NDArray[np.int8], exponents: NDArray[np.int8]) -> NDArray[np.float32]:
    """What :func:`pack` made, in single precision."""
    blocks = np.ldexp(_blocks(steps.astype(np.float64)) / STEPS, exponents.astype(np.int64)[:, None])
    return blocks.astype(np.float32).ravel()[: steps.size].reshape(steps.shape)


def rounded(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values as they arrive after they were packed."""
    return unpack(*pack(value)) if fits(value) else value


def _blocks(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values in rows of a block each, the last one filled with zeros."""
    flat = value.ravel()
    return np.pad(flat, (0, -flat.size % BLOCK)).reshape(-1, BLOCK)
