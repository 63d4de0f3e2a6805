"""Weights as NumPy arrays: what NVFlare's filters and serialisation take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nodulescope.federated.privacy.encrypted_layer import SUFFIX, as_stored, is_encrypted

Arrays = dict[str, NDArray[Any]]
"""Names of a network's parameters and buffers to their values."""


def to_arrays(state: Mapping[str, torch.Tensor]) -> Arrays:
    """A state dict as arrays of its own: floating point in single precision, everything else as it is."""
    return {
        name: (value.detach().cpu().float() if value.is_floating_point() else value.detach().cpu()).numpy().copy()
        for name, value in state.items()
    }


def to_tensors(arrays: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Arrays as a state dict; encrypted layers become bytes, under a name that no network has."""
    return {
        f"{name}{SUFFIX}" if is_encrypted(value) else name: torch.from_numpy(np.asarray(as_stored(value), order="C"))
        for name, value in arrays.items()
    }


def from_tensors(state: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """What :func:`to_tensors` made: arrays, and encrypted layers as they travel."""
    return {name.removesuffix(SUFFIX): value.numpy().tobytes() if name.endswith(SUFFIX) else value.numpy() for name, value in state.items()}


def size_of(values: Mapping[str, Any]) -> int:
    """Bytes of all arrays; what is no array (an encrypted value) counts by its own length, if it has one."""
    return sum(map(_size, values.values()))


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray | np.generic):
        return int(value.nbytes)
    return len(value) if isinstance(value, bytes) else 0
