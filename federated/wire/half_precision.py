"""Floating point numbers travel in 16 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from nvflare.apis.dxo import DXO, DataKind
from nvflare.apis.dxo_filter import DXOFilter
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable

from nodulescope.federated.wire.arrays import size_of
from nodulescope.federated.wire.tasks import BYTES

KINDS = [DataKind.WEIGHTS, DataKind.WEIGHT_DIFF]
LARGEST = float(np.finfo(np.float16).max)


class Shorten(DXOFilter):
    """Send single precision as half precision, and note how many bytes that makes.

    An array with a value that half precision cannot hold (a large variance, a value that is not finite) stays as it is.
    """

    def __init__(self) -> None:
        super().__init__(supported_data_kinds=KINDS, data_kinds_to_filter=None)

    def process_dxo(self, dxo: DXO, shareable: Shareable, fl_ctx: FLContext) -> DXO:
        """The same values, shorter."""
        values = {name: shortened(value) for name, value in dxo.data.items()}
        return DXO(dxo.data_kind, values, {**(dxo.meta or {}), BYTES: size_of(values)})


class Lengthen(DXOFilter):
    """Bring what :class:`Shorten` sent back to single precision."""

    def __init__(self) -> None:
        super().__init__(supported_data_kinds=KINDS, data_kinds_to_filter=None)

    def process_dxo(self, dxo: DXO, shareable: Shareable, fl_ctx: FLContext) -> DXO:
        """The same values, longer."""
        values = {name: value.astype(np.float32) if _is_float(value, np.float16) else value for name, value in dxo.data.items()}
        return DXO(dxo.data_kind, values, dict(dxo.meta or {}))


def shortened(value: Any) -> Any:
    """A value as it travels."""
    if not _is_float(value, np.float32) or not value.size or not float(np.abs(value).max()) <= LARGEST:
        return value
    return value.astype(np.float16)


def _is_float(value: Any, kind: type[np.floating[Any]]) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == kind
