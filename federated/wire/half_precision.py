"""Floating point numbers travel in 16 bits, SCAFFOLD's control variates in 8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from nvflare.apis.dxo import DXO, DataKind
from nvflare.apis.dxo_filter import DXOFilter
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable

from nodulescope.federated.wire.arrays import size_of
from nodulescope.federated.wire.eight_bits import fits, pack, unpack
from nodulescope.federated.wire.tasks import BYTES, CONTROL, EXPONENTS

KINDS = [DataKind.WEIGHTS, DataKind.WEIGHT_DIFF]
LARGEST = float(np.finfo(np.float16).max)


class Shorten(DXOFilter):
    """Send single precision as :func:`shorten` does, and note how many bytes that makes."""

    def __init__(self) -> None:
        super().__init__(supported_data_kinds=KINDS, data_kinds_to_filter=None)

    def process_dxo(self, dxo: DXO, shareable: Shareable, fl_ctx: FLContext) -> DXO:
        """The same values, shorter."""
        values = shorten(dxo.data)
        return DXO(dxo.data_kind, values, {**(dxo.meta or {}), BYTES: size_of(values)})


class Lengthen(DXOFilter):
    """Bring what :class:`Shorten` sent back to single precision."""

    def __init__(self) -> None:
        super().__init__(supported_data_kinds=KINDS, data_kinds_to_filter=None)

    def process_dxo(self, dxo: DXO, shareable: Shareable, fl_ctx: FLContext) -> DXO:
        """The same values, longer."""
        return DXO(dxo.data_kind, lengthen(dxo.data), dict(dxo.meta or {}))


def shorten(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they travel: half precision; control variates as :mod:`~nodulescope.federated.wire.eight_bits` has them.

    An array with a value that does not fit (a large variance, a value that is not finite) stays as it is.
    """
    short: dict[str, Any] = {}
    for name, value in values.items():
        if name.startswith(CONTROL) and _is_float(value, np.float32) and fits(value):
            short[name], short[f"{EXPONENTS}{name}"] = pack(value)
        else:
            short[name] = _halved(value)
    return short


def lengthen(values: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`shorten` made, in single precision."""
    long: dict[str, Any] = {}
    for name, value in values.items():
        if name.startswith(EXPONENTS):
            continue
        exponents = values.get(f"{EXPONENTS}{name}")
        if exponents is not None:
            long[name] = unpack(value, exponents)
        else:
            long[name] = value.astype(np.float32) if _is_float(value, np.float16) else value
    return long


def _halved(value: Any) -> Any:
    if not _is_float(value, np.float32) or not value.size or not float(np.abs(value).max()) <= LARGEST:
        return value
    return value.astype(np.float16)


def _is_float(value: Any, kind: type[np.floating[Any]]) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == kind
