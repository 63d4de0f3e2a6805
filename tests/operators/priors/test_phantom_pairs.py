"""A small run of ``tests/benchmarks/prior_matching.py``: the lungs of phantom pairs registered, their nodules matched."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from nodulescope.bundles.data.phantoms import Scanner, make_phantom_pair

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SEEDS = (100, 102)
COARSE = (Scanner((3.2, 3.2, 4.0), noise_hu=20.0), Scanner((3.6, 3.6, 3.0), kernel="sharp", noise_hu=30.0))
"""Coarser than clinical scans, to be quick: registration works at 4 mm."""

LEAST_RIGHT = 0.95


@pytest.mark.slow
def test_nodules_of_one_patient_are_found_again_after_another_breath_in_another_position(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    benchmark = importlib.import_module("prior_matching")
    outcomes = [benchmark.evaluate(make_phantom_pair(seed, scanners=COARSE), "lungs") for seed in SEEDS]
    assert None not in outcomes
    assert sum(one.wrong_pairs for one in outcomes) == 0
    assert sum(one.right for one in outcomes) >= LEAST_RIGHT * sum(one.decisions for one in outcomes)
    assert sum(one.decisions for one in outcomes) >= 8
    assert max(one.error_mm for one in outcomes) < 4.0
