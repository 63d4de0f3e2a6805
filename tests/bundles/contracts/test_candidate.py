from __future__ import annotations

import pytest

from nodulescope.bundles.contracts import Candidate


@pytest.mark.parametrize(
    ("center", "diameter", "score"),
    [
        ((float("nan"), 0.0, 0.0), 5.0, 0.5),
        ((0.0, float("inf"), 0.0), 5.0, 0.5),
        ((0.0, 0.0, 0.0), float("nan"), 0.5),
        ((0.0, 0.0, 0.0), 5.0, float("nan")),
    ],
)
def test_a_candidate_is_finite(center: tuple[float, float, float], diameter: float, score: float) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        Candidate(center, diameter, score)


@pytest.mark.parametrize("diameter", [0.0, -3.0])
def test_a_candidate_has_a_size(diameter: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Candidate((1.0, 2.0, 3.0), diameter, 0.5)


def test_a_candidate_is_seen_at_its_own_size_unless_told_otherwise() -> None:
    assert Candidate((1.0, 2.0, 3.0), 5.0, 0.5).magnification == 1.0
