"""The LUNA16 figure as an Ignite metric, so that validation chooses the weights by what users care about."""

from __future__ import annotations

from typing import Any

import torch
from ignite.metrics import Metric

from nodulescope.bundles.metrics.froc import ScanMarks, ScanOutcome, cpm, match_marks
from nodulescope.bundles.nodule_detection.scan_marks import scan_marks


class CPMMetric(Metric):
    """Competition performance metric over an epoch of whole scans (boxes in voxels of 1 mm, which makes them millimetres)."""

    _outcomes: list[ScanOutcome]

    def reset(self) -> None:
        """Forget all scans."""
        self._outcomes = []

    def update(self, output: Any) -> None:
        """Add the scans of one batch: ``(predictions, targets)``, one dict each per scan."""
        for found, truth in zip(*output, strict=True):
            self._outcomes.append(match_marks(_marks(found, truth)))

    def compute(self) -> float:
        """The metric; 0 when there is no nodule to find."""
        value = cpm(self._outcomes)
        return value if value == value else 0.0


def _marks(found: dict[str, torch.Tensor], truth: dict[str, torch.Tensor]) -> ScanMarks:
    centers, _ = _centers(found["box"])
    scores = found["box_class_scores"].float().cpu().numpy().astype(float)
    return scan_marks(centers, scores, _centers(truth["box"]), truth["box_class"].cpu().numpy())


def _centers(boxes: torch.Tensor) -> tuple[Any, Any]:
    corners = boxes.float().cpu().numpy().astype(float).reshape(-1, 6)
    return (corners[:, :3] + corners[:, 3:]) / 2.0, (corners[:, 3:] - corners[:, :3]).mean(axis=1)
