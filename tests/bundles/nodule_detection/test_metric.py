from __future__ import annotations

import pytest
import torch

from nodulescope.bundles.nodule_detection.metric import CPMMetric


def boxes(*centers: float, edge: float = 10.0) -> torch.Tensor:
    return torch.tensor([[c - edge / 2] * 3 + [c + edge / 2] * 3 for c in centers]).reshape(-1, 6)


def found(scores: list[float], *centers: float) -> dict[str, torch.Tensor]:
    return {"box": boxes(*centers), "box_class_scores": torch.tensor(scores)}


def truth(classes: list[int], *centers: float) -> dict[str, torch.Tensor]:
    return {"box": boxes(*centers), "box_class": torch.tensor(classes)}


@pytest.fixture
def metric() -> CPMMetric:
    made = CPMMetric()
    made.reset()
    return made


def test_everything_found_and_nothing_else(metric: CPMMetric) -> None:
    metric.update(([found([0.9], 20.0)], [truth([0], 20.0)]))
    metric.update(([found([0.8, 0.7], 51.0, 90.0)], [truth([0, 1], 50.0, 90.0)]))  # the second mark lies in an ignored box
    assert metric.compute() == 1.0


def test_a_false_mark_above_the_nodules_costs_the_low_rates(metric: CPMMetric) -> None:
    metric.update(([found([0.9, 0.5], 80.0, 20.0)], [truth([0], 20.0)]))
    # One scan: the nodule comes with one false positive. Below that rate it is not found.
    assert metric.compute() == pytest.approx((0.0 * 3 + 1.0 * 4) / 7, abs=0.08)


def test_nothing_to_find_is_zero_and_reset_forgets(metric: CPMMetric) -> None:
    metric.update(([found([0.9], 20.0)], [truth([], *[])]))
    assert metric.compute() == 0.0
    metric.reset()
    metric.update(([found([0.9], 20.0)], [truth([0], 20.0)]))
    assert metric.compute() == 1.0
