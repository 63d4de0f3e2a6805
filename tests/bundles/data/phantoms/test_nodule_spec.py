"""Specifications of nodules and how they are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.data.phantoms import NoduleSpec
from nodulescope.bundles.data.phantoms.nodule_spec import draw_nodules
from nodulescope.bundles.errors import UsageError


@pytest.mark.parametrize(
    "wrong", [{"kind": "soft"}, {"place": "rib"}, {"diameter_mm": 2.9}, {"diameter_mm": 61.0}, {"spiculation": 1.1}, {"sphericity": -0.1}]
)
def test_refuses_values_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong)).removesuffix("_mm")):
        NoduleSpec(**wrong)  # type: ignore[arg-type]


def test_drawn_mix_is_that_of_screening() -> None:
    drawn = [draw_nodules(np.random.Generator(np.random.PCG64(seed))) for seed in range(600)]
    counts = [len(scan) for scan in drawn]
    assert min(counts) == 0
    assert max(counts) == 8
    nodules = [n for scan in drawn for n in scan]
    sizes = np.array([n.diameter_mm for n in nodules])
    assert 5.5 < np.median(sizes) < 8.5
    assert sizes.min() >= 3.0
    masses = [n for n in nodules if n.diameter_mm > 30]
    assert 0.02 < len(masses) / len(drawn) < 0.10
    for kind, low, high in (("solid", 0.6, 0.75), ("part-solid", 0.06, 0.17), ("ground-glass", 0.08, 0.18), ("calcified", 0.05, 0.15)):
        assert low < np.mean([n.kind == kind for n in nodules]) < high
    assert {n.place for n in nodules} == {"isolated", "vessel", "pleura"}
