from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from nodulescope.bundles.metrics.bootstrap import Estimate, PatientBootstrap, interval, repeated


def test_a_patient_comes_with_all_of_its_rows() -> None:
    patients = ["b", "a", "b", "c"]
    bootstrap = PatientBootstrap(patients, draws=1)
    assert bootstrap.patients == ("a", "b", "c")
    index = repeated(np.array([0, 2, 1]), bootstrap.places(patients))
    assert index.tolist() == [0, 0, 2, 2, 3]


def test_every_draw_has_as_many_patients_as_there_are() -> None:
    bootstrap = PatientBootstrap([f"p{n}" for n in range(7)], draws=20)
    drawn = list(bootstrap.counts())
    assert len(drawn) == 20
    assert {int(counts.sum()) for counts in drawn} == {7}
    assert [c.tolist() for c in bootstrap.counts()] == [c.tolist() for c in drawn]
    assert [c.tolist() for c in PatientBootstrap(bootstrap.patients, 20, seed=1).counts()] != [c.tolist() for c in drawn]


def test_the_interval_of_a_mean_is_that_of_the_normal_approximation() -> None:
    values = np.random.default_rng(1).normal(10.0, 2.0, 400)
    patients = [f"{n:03d}" for n in range(400)]
    bootstrap = PatientBootstrap(patients, draws=2000)
    places = bootstrap.places(patients)
    found = bootstrap.estimates(lambda counts: {"mean": float(values[repeated(counts, places)].mean())})["mean"]
    low, high = stats.norm.interval(0.95, values.mean(), values.std() / math.sqrt(400))
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == (pytest.approx(low, abs=0.03), pytest.approx(high, abs=0.03))


def test_rows_of_one_patient_do_not_make_an_interval_narrower() -> None:
    """Ten rows that say the same are one observation: the interval must be that of the patients, not of the rows."""
    values = np.random.default_rng(2).normal(0.0, 1.0, 50)

    def width(rows_each: int) -> float:
        patients = [f"{n:02d}" for n in range(50) for _ in range(rows_each)]
        rows = np.repeat(values, rows_each)
        bootstrap = PatientBootstrap(patients, draws=500)
        places = bootstrap.places(patients)
        found = bootstrap.estimates(lambda counts: {"mean": float(rows[repeated(counts, places)].mean())})["mean"]
        return found.high - found.low

    assert width(10) == pytest.approx(width(1))


def test_a_figure_without_value_in_most_draws_has_no_interval() -> None:
    assert interval([1.0, 2.0, 3.0, math.nan]) == (pytest.approx(1.05), pytest.approx(2.95))
    assert all(math.isnan(end) for end in interval([1.0, math.nan, math.nan]))
    assert all(math.isnan(end) for end in interval([]))


def test_one_patient_gives_no_interval() -> None:
    bootstrap = PatientBootstrap(["only", "only"], draws=50)
    found = bootstrap.estimates(lambda counts: {"rows": float(counts.sum())})["rows"]
    assert found.value == 1.0
    assert math.isnan(found.low)


def test_progress_is_told_now_and_then() -> None:
    told: list[int] = []
    PatientBootstrap(["a", "b"], draws=250).estimates(lambda _: {"one": 1.0}, told.append)
    assert told == [100, 200]


def test_estimates_survive_json() -> None:
    assert Estimate(1.0).to_json() == {"value": 1.0, "low": None, "high": None}
    back = Estimate.from_json(Estimate(math.nan, 0.25, 0.5).to_json())
    assert math.isnan(back.value)
    assert (back.low, back.high) == (0.25, 0.5)
