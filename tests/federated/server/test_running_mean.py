from __future__ import annotations

import numpy as np

from nodulescope.federated.server.running_mean import RunningMean


def test_the_mean_is_weighted_by_cases() -> None:
    mean = RunningMean()
    mean.add({"a": np.array([1.0, 2.0], np.float32)}, 1)
    mean.add({"a": np.array([4.0, 8.0], np.float32)}, 3)
    np.testing.assert_allclose(mean.mean()["a"], [3.25, 6.5])
    assert mean.weight == 4


def test_small_changes_do_not_drown_in_a_long_sum() -> None:
    mean = RunningMean()
    for _ in range(20_000):
        mean.add({"a": np.array([1e-4], np.float32)}, 1000)
    np.testing.assert_allclose(mean.mean()["a"], [np.float32(1e-4)], rtol=1e-9)


def test_memory_does_not_grow_with_the_sites() -> None:
    mean = RunningMean()
    for _ in range(50):
        mean.add({"a": np.ones(1000, np.float32)}, 2)
    assert sum(value.nbytes for value in mean._sums.values()) == 8000


def test_nothing_added_is_nothing() -> None:
    assert RunningMean().mean() == {}
