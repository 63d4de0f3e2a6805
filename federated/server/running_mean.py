"""The mean of what the sites send, made as it arrives: memory for one result, whatever the number of sites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class RunningMean:
    """A weighted mean of results.

    Values are NumPy arrays, or encrypted vectors that know addition and multiplication with a number.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}
        self.weight = 0.0

    def add(self, values: Mapping[str, Any], weight: float) -> None:
        """Add one result.

        Args:
            values: by name, the same names every time.
            weight: above 0.
        """
        for name, value in values.items():
            part = value.astype(np.float64) * weight if isinstance(value, np.ndarray | np.generic) else value * weight
            self._sums[name] = self._sums[name] + part if name in self._sums else part
        self.weight += weight

    def mean(self) -> dict[str, Any]:
        """The mean of all that was added, in double precision; empty if nothing was."""
        return {name: value * (1.0 / self.weight) for name, value in self._sums.items()}
