from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.server.verdict import verdict

EXPECTED = {"a": (2, 3), "n": ()}


def result(**other: Any) -> dict[str, Any]:
    return {"a": np.zeros((2, 3), np.float32), "n": np.array(3, np.int64), **other}


def test_a_sound_result_is_used() -> None:
    assert verdict(result(), EXPECTED) is None


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"a": np.full((2, 3), np.nan, np.float32)}, Reason.NOT_FINITE),
        ({"a": np.full((2, 3), np.inf, np.float32)}, Reason.NOT_FINITE),
        ({"a": np.zeros((3, 2), np.float32)}, Reason.WRONG_SHAPE),
        ({"a": np.zeros(6, np.float32)}, Reason.WRONG_SHAPE),
        ({"a": np.full((2, 3), "text")}, Reason.WRONG_SHAPE),
        ({"n": np.float64("nan")}, Reason.NOT_FINITE),
        ({"more": np.zeros(1, np.float32)}, Reason.WRONG_SHAPE),
    ],
)
def test_what_would_spoil_the_mean_is_not(wrong: dict[str, Any], reason: Reason) -> None:
    assert verdict(result(**wrong), EXPECTED) is reason


def test_a_result_with_less_than_all_is_not_used() -> None:
    assert verdict({"a": np.zeros((2, 3), np.float32)}, EXPECTED) is Reason.WRONG_SHAPE
