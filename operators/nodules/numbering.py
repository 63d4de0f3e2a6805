"""The order and the numbers of nodules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nodulescope.operators.examination import Nodule


def suspicion_order(nodules: Sequence[Nodule]) -> list[int]:
    """Positions of nodules, the most suspicious first: by the probability of being rated malignant times that of being a nodule, and of
    equally suspicious ones the larger first.
    """

    def rank(position: int) -> tuple[float, float]:
        nodule = nodules[position]
        return -nodule.grade.malignancy_probability * nodule.grade.probability, -nodule.measurements.volume_mm3

    return sorted(range(len(nodules)), key=rank)


def numbered(nodules: Sequence[Nodule], first: int = 1) -> tuple[Nodule, ...]:
    """Nodules in the order of suspicion, with ids from ``first`` on."""
    return tuple(replace(nodules[position], id=number) for number, position in enumerate(suspicion_order(nodules), first))
