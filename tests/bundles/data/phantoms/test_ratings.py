"""The written rule of the ratings."""

from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.data.phantoms import NoduleSpec
from nodulescope.bundles.data.phantoms.ratings import reader_ratings, rule_ratings

ROUND = NoduleSpec("solid", 8.0, sphericity=1.0, lobulation=0.0, spiculation=0.0)
SPIKY = NoduleSpec("solid", 8.0, sphericity=0.5, lobulation=0.5, spiculation=1.0)


@pytest.mark.parametrize(
    ("spec", "diameter", "name", "expected"),
    [
        (ROUND, 4.0, "malignancy", 1.0),  # 1.5 - 0.5
        (ROUND, 32.0, "malignancy", 3.4),  # 1.5 + 2.4 - 0.5
        (SPIKY, 8.0, "malignancy", 3.45),  # 1.5 + 0.8 + 0.9 + 0.25
        (SPIKY, 32.0, "malignancy", 5.0),
        (NoduleSpec("part-solid", 8.0, 0.5, 0.5, 1.0), 8.0, "malignancy", 3.95),
        (NoduleSpec("calcified", 8.0, 0.5, 0.5, 1.0), 8.0, "malignancy", 1.245),
        (ROUND, 8.0, "sphericity", 5.0),
        (NoduleSpec("solid", 8.0, 1.0, place="pleura"), 8.0, "sphericity", 4.5),
        (SPIKY, 8.0, "spiculation", 5.0),
        (SPIKY, 8.0, "lobulation", 3.0),
        (SPIKY, 8.0, "margin", 3.25),
        (ROUND, 8.0, "texture", 5.0),
        (NoduleSpec("part-solid"), 8.0, "texture", 3.0),
        (NoduleSpec("ground-glass"), 8.0, "texture", 1.0),
        (ROUND, 6.0, "subtlety", 4.0),
        (NoduleSpec("ground-glass", place="vessel"), 6.0, "subtlety", 2.0),
        (ROUND, 8.0, "calcification", 6.0),
        (NoduleSpec("calcified"), 8.0, "calcification", 3.0),
        (NoduleSpec("calcified"), 12.0, "calcification", 5.0),
    ],
)
def test_rule(spec: NoduleSpec, diameter: float, name: str, expected: float) -> None:
    assert rule_ratings(spec, diameter)[name] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("kind", ["solid", "part-solid", "ground-glass", "calcified"])
def test_malignancy_never_falls_with_size_or_spiculation(kind: str) -> None:
    by_size = [rule_ratings(NoduleSpec(kind), d)["malignancy"] for d in (3, 5, 8, 12, 20, 30, 50)]  # type: ignore[arg-type]
    by_spikes = [rule_ratings(NoduleSpec(kind, spiculation=s), 10.0)["malignancy"] for s in (0.0, 0.3, 0.6, 1.0)]  # type: ignore[arg-type]
    assert by_size == sorted(by_size)
    assert by_spikes == sorted(by_spikes)
    assert by_size[-1] > by_size[0]


def test_readers_stay_near_the_rule_and_on_the_scale() -> None:
    rule = rule_ratings(SPIKY, 15.0)
    means = [reader_ratings(SPIKY, 15.0, np.random.Generator(np.random.PCG64(seed))) for seed in range(200)]
    for name, value in rule.items():
        drawn = np.array([m[name] for m in means])
        assert ((drawn >= 1) & (drawn <= (6 if name == "calcification" else 5))).all()
        assert np.allclose(drawn * 4, np.rint(drawn * 4))
        assert abs(drawn.mean() - value) < 0.25
