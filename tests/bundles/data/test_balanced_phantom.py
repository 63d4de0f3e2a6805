"""Phantoms in which all kinds and sizes of nodules are alike frequent."""

from __future__ import annotations

from collections import Counter

import numpy as np

from nodulescope.bundles.data.balanced_phantom import KINDS, PLACES, SIZES_MM, balanced_nodules


def test_each_scan_has_so_many_nodules_of_each_size() -> None:
    nodules = balanced_nodules(np.random.default_rng(1))
    counted = [sum(low <= nodule.diameter_mm <= high for nodule in nodules) for low, high, _ in SIZES_MM]
    assert len(nodules) == 18
    assert counted == [3, 5, 6, 4]


def test_kinds_and_places_come_in_their_shares() -> None:
    rng = np.random.default_rng(2)
    nodules = [nodule for _ in range(120) for nodule in balanced_nodules(rng)]
    for shares, drawn in ((KINDS, [nodule.kind for nodule in nodules]), (PLACES, [nodule.place for nodule in nodules])):
        counts = Counter(drawn)
        assert set(counts) == set(shares)
        for name, share in shares.items():
            assert abs(counts[name] / len(nodules) - share) < 0.04  # four standard errors of 2160 draws


def test_the_same_number_draws_the_same_nodules() -> None:
    assert balanced_nodules(np.random.default_rng([3, 41])) == balanced_nodules(np.random.default_rng([3, 41]))
    assert balanced_nodules(np.random.default_rng([3, 41])) != balanced_nodules(np.random.default_rng([4, 41]))
