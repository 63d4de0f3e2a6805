"""Networks that follow rules look at places of a chest with one ball: they draw and grade what lies nearby."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG, Candidate, CTSource, CTVolume, Grade, LungMask, Outline
from nodulescope.operators.examination import Acceptance, Examination, ModelProvenance
from nodulescope.operators.models import Models
from nodulescope.operators.nodules import Thresholds, assess_examination, nodule_probability
from nodulescope.operators.nodules.place_examination import examine_places

Point = tuple[float, float, float]
BALL: Point = (40.0, 0.0, 0.0)
DIAMETER_MM = 8.0
REACH_MM = 20.0
"""How far from its cube's middle the outline network draws."""

PROVENANCE = (ModelProvenance("nodule_grading", "rules", "1.0", "a" * 64),)
THRESHOLDS = Thresholds(detector_weight=0.5)


@pytest.fixture(scope="module")
def exam() -> Examination:
    """Two boxes of lung around the origin, in which nothing was reported."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -80.0, -40.0, -40.0
    labels = np.zeros((80, 40, 40), np.uint8)
    labels[4:38, 4:36, 2:38], labels[42:76, 4:36, 2:38] = RIGHT_LUNG, LEFT_LUNG
    ct = CTVolume(np.where(labels > 0, -850.0, 40.0).astype(np.float32), affine, CTSource("phantom"))
    return assess_examination(ct, LungMask(labels, affine, True), [], PROVENANCE, THRESHOLDS, {})


class Rules:
    """What was asked of the networks, and what they answer."""

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.graded: list[Point] = []

    def outline(self, _ct: CTVolume, candidates: Sequence[Candidate]) -> tuple[Outline, ...]:
        return tuple(self._drawn(np.array(candidate.center_lps_mm)) for candidate in candidates)

    def grading(self, _ct: CTVolume, centers: Sequence[Point]) -> tuple[Grade, ...]:
        self.graded += centers
        return tuple(Grade(self.probability, 3.0, 0.5, {}) for _ in centers)

    @property
    def models(self) -> Models:
        nothing = cast("Any", None)
        return Models(nothing, nothing, cast("Any", self.outline), cast("Any", self.grading), PROVENANCE)

    @staticmethod
    def _drawn(middle: np.ndarray) -> Outline:
        affine = np.eye(4)
        affine[:3, 3] = middle - 31.5
        points = np.moveaxis(np.indices((64, 64, 64)), 0, -1) + affine[:3, 3]
        depth = DIAMETER_MM / 2 - np.linalg.norm(points - np.array(BALL), axis=-1)
        near = np.linalg.norm(middle - BALL) <= REACH_MM
        return Outline((1 / (1 + np.exp(-np.clip(depth / 0.7, -40, 40))) * near).astype(np.float32), affine)


def place(x: float, y: float = 0.0, z: float = 0.0) -> Candidate:
    return Candidate((x, y, z), 6.0, 0.0)


def test_what_lies_beside_a_place_is_centred_graded_and_measured(exam: Examination) -> None:
    rules = Rules(0.9)
    (nodule,) = examine_places(exam, [place(47.0, 3.0)], rules.models, THRESHOLDS)
    np.testing.assert_allclose(nodule.measurements.center_lps_mm, BALL, atol=0.1)
    np.testing.assert_allclose(rules.graded, [BALL], atol=0.1)
    assert nodule.measurements.mean_diameter_mm == pytest.approx(DIAMETER_MM, abs=0.2)
    assert (nodule.acceptance, str(nodule.side)) == (Acceptance.PRIOR_PLACE, "left")


def test_where_the_detector_said_nothing_the_grading_network_decides(exam: Examination) -> None:
    (nodule,) = examine_places(exam, [place(40.0)], Rules(0.9).models, THRESHOLDS)
    assert nodule.candidate.score == 0.5
    assert nodule.grade.probability == pytest.approx(nodule_probability(nodule.candidate, Grade(0.9, 3.0, 0.5, {}), THRESHOLDS))
    assert nodule.grade.probability == pytest.approx(0.75), "odds of 9, half of them in logarithms"
    assert examine_places(exam, [place(40.0)], Rules(0.51).models, THRESHOLDS)
    assert examine_places(exam, [place(40.0)], Rules(0.49).models, THRESHOLDS) == ()


def test_an_empty_place_gives_nothing(exam: Examination) -> None:
    rules = Rules(0.99)
    assert examine_places(exam, [place(-40.0)], rules.models, THRESHOLDS) == ()
    assert examine_places(exam, [], rules.models, THRESHOLDS) == ()
    assert rules.graded == []


def test_two_places_beside_one_lesion_find_it_once(exam: Examination) -> None:
    assert len(examine_places(exam, [place(44.0), place(36.0)], Rules(0.9).models, THRESHOLDS)) == 1


def test_micronodules_stay_out(exam: Examination) -> None:
    assert examine_places(exam, [place(40.0)], Rules(0.9).models, replace(THRESHOLDS, smallest_mm=9.0)) == ()
