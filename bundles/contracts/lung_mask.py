"""Which voxels of a CT are lung."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RIGHT_LUNG = 1
"""Label of the patient's right lung."""

LEFT_LUNG = 2
"""Label of the patient's left lung."""


@dataclass(frozen=True)
class LungMask:
    """Lung labels on the grid of the CT that they belong to.

    Attributes:
        labels: uint8, the CT's shape: 0 elsewhere, :data:`RIGHT_LUNG`, :data:`LEFT_LUNG` (the patient's sides).
        affine_lps: the CT's affine.
        fully_covered: False when a lung runs into the first or last slice, so that part of it was not scanned.
    """

    labels: NDArray[np.uint8]
    affine_lps: NDArray[np.float64]
    fully_covered: bool

    def volume_ml(self, label: int | None = None) -> float:
        """Volume in millilitres of one lung, or of both when no label is given."""
        voxels = np.count_nonzero(self.labels) if label is None else np.count_nonzero(self.labels == label)
        return float(voxels * abs(np.linalg.det(self.affine_lps[:3, :3])) / 1000.0)

    def bounding_box(self, margin_mm: float) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Index box (start, stop) around the lungs, widened by a margin in mm and cut to the grid."""
        spacing = np.linalg.norm(self.affine_lps[:3, :3], axis=0)
        start, stop = [], []
        for axis in range(3):
            others = tuple(a for a in range(3) if a != axis)
            hits = np.flatnonzero(self.labels.any(axis=others))
            pad = int(np.ceil(margin_mm / spacing[axis]))
            start.append(max(int(hits[0]) - pad, 0))
            stop.append(min(int(hits[-1]) + pad + 1, self.labels.shape[axis]))
        return (start[0], start[1], start[2]), (stop[0], stop[1], stop[2])
