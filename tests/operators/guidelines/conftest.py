"""Nodules of any size, type and past, without a CT around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nodulescope.bundles.contracts import Candidate, Grade, Outline
from nodulescope.operators.examination import Measurements, Nodule, NoduleType, Side, Status

MakeNodule = Callable[..., Nodule]

NO_OUTLINE = Outline(np.zeros((2, 2, 2), np.float32), np.eye(4))
POINT = (0.0, 0.0, 0.0)


@pytest.fixture(scope="session")
def make_nodule() -> MakeNodule:
    """``make_nodule(7.2, "part-solid", solid=3.0)``: a sphere of that diameter unless ``long`` and ``volume`` say otherwise."""

    def make(
        mean: float,
        kind: str = "solid",
        *,
        number: int = 1,
        solid: float | None = None,
        long: float | None = None,
        volume: float | None = None,
        spiculation: float | None = 1.2,
        calcification: float = 0.05,
        status: str = "baseline",
        prior: dict[str, Any] | None = None,
    ) -> Nodule:
        axis = mean if long is None else long
        short = 2 * mean - axis
        sizes = Measurements(axis, short, mean, volume or np.pi / 6 * mean**3, solid, -100.0, POINT, (POINT, POINT), (POINT, POINT))
        ratings = {"calcification": calcification} | ({} if spiculation is None else {"spiculation": spiculation})
        return Nodule(
            id=number,
            tracking_uid=f"1.2.{number}",
            type=NoduleType(kind),
            side=Side.RIGHT,
            measurements=sizes,
            candidate=Candidate(POINT, mean, 0.9),
            grade=Grade(0.9, 3.0, 0.5, ratings),
            outline=NO_OUTLINE,
            status=Status(status),
            prior=prior,
        )

    return make
