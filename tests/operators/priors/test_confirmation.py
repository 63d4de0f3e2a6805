"""A prior with two nodules that the registration puts at known places, and weaker findings beside these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from nodulescope.bundles.contracts import Candidate, Grade
from nodulescope.operators.examination import Acceptance, Examination, Nodule, NoduleType
from nodulescope.operators.priors import RecordedNodule
from nodulescope.operators.priors.confirmation import Confirmed, Look, confirm

MakeExamination = Callable[..., Examination]
MakeRecorded = Callable[..., RecordedNodule]
Point = tuple[float, float, float]

REPORTED: Point = (50.0, 10.0, 100.0)
WEAK: Point = (-45.0, 0.0, 60.0)
GATE_MM = 12.0


@pytest.fixture(scope="module")
def prior(make_recorded: MakeRecorded) -> tuple[RecordedNodule, RecordedNodule]:
    return make_recorded(1, REPORTED, 8.0), make_recorded(2, WEAK, 6.0)


@pytest.fixture(scope="module")
def examine(make_examination: MakeExamination) -> Callable[..., Examination]:
    """``examine(weaker, malignancy)``: one reported nodule, and findings below the operating point at places, of 7 mm."""

    def make(weaker: Sequence[Point] = (), malignancy: float = 0.1) -> Examination:
        nodules = {"2.1": (REPORTED, 8.0), **{f"2.{n}": (place, 7.0) for n, place in enumerate(weaker, 2)}}
        exam = make_examination(False, nodules)
        found = [replace(nodule, grade=Grade(0.6, 3.0, malignancy, {})) for nodule in exam.nodules[1:]]
        return replace(exam, nodules=exam.nodules[:1], subthreshold=tuple(found))

    return make


def run(exam: Examination, prior: Sequence[RecordedNodule], look: Look | None = None) -> Confirmed:
    return confirm(exam, prior, np.array([nodule.center_lps_mm for nodule in prior]).reshape(-1, 3), GATE_MM, look)


def shifted(place: Point, by_mm: float) -> Point:
    return place[0], place[1] + by_mm, place[2]


def test_a_weaker_finding_at_the_place_of_a_lost_nodule_becomes_one(
    examine: Callable[..., Examination], prior: tuple[RecordedNodule, ...]
) -> None:
    found = run(examine([shifted(WEAK, 5.0)]), prior)
    assert [(n.id, n.tracking_uid, n.acceptance) for n in found.nodules] == [
        (1, "2.1", Acceptance.OPERATING_POINT),
        (2, "2.2", Acceptance.PRIOR),
    ]
    assert (found.matches.pairs, found.matches.new, found.matches.resolved) == (((0, 0), (1, 1)), (), ())
    np.testing.assert_allclose(found.matches.distances_mm, (0.0, 5.0), atol=1e-6)


def test_a_more_suspicious_one_is_numbered_first_and_the_pairs_follow(
    examine: Callable[..., Examination], prior: tuple[RecordedNodule, ...]
) -> None:
    found = run(examine([shifted(WEAK, 5.0)], malignancy=0.99), prior)
    assert [(n.id, n.tracking_uid) for n in found.nodules] == [(1, "2.2"), (2, "2.1")]
    assert found.matches.pairs == ((1, 0), (0, 1))
    np.testing.assert_allclose(found.matches.distances_mm, (5.0, 0.0), atol=1e-6)


@pytest.mark.parametrize(
    "weaker",
    [
        pytest.param([shifted(WEAK, 25.0)], id="too far away"),
        pytest.param([shifted(REPORTED, 1.0)], id="the reported nodule once more"),
        pytest.param([shifted(REPORTED, 9.0)], id="beside a nodule of the prior that is found"),
        pytest.param([], id="none"),
    ],
)
def test_other_findings_stay_what_they_are(
    weaker: list[Point], examine: Callable[..., Examination], prior: tuple[RecordedNodule, ...]
) -> None:
    exam = examine(weaker)
    found = run(exam, prior)
    assert found.nodules == exam.nodules
    assert (found.matches.pairs, found.matches.new, found.matches.resolved) == (((0, 0),), (), (1,))


def test_an_impossible_change_is_not_confirmed(examine: Callable[..., Examination], prior: tuple[RecordedNodule, ...]) -> None:
    calcified = (prior[0], replace(prior[1], type=NoduleType.CALCIFIED))
    exam = examine([WEAK])
    hazy = replace(exam, subthreshold=(replace(exam.subthreshold[0], type=NoduleType.GROUND_GLASS),))
    assert run(hazy, calcified).matches.resolved == (1,)
    assert run(exam, calcified).matches.resolved == ()


def test_one_finding_confirms_one_nodule(
    examine: Callable[..., Examination], prior: tuple[RecordedNodule, ...], make_recorded: MakeRecorded
) -> None:
    found = run(examine([shifted(WEAK, 3.0)]), (*prior, make_recorded(3, shifted(WEAK, 9.0), 6.0)))
    assert found.matches.pairs == ((0, 0), (1, 1))
    assert found.matches.resolved == (2,)


class Looking:
    """Notes where it was asked to look, and finds what it was given."""

    def __init__(self, *finds: Nodule) -> None:
        self.finds = finds
        self.places: list[tuple[Point, float]] = []

    def __call__(self, places: Sequence[Candidate]) -> Sequence[Nodule]:
        self.places += [(place.center_lps_mm, place.diameter_mm) for place in places]
        return self.finds


def test_the_place_itself_is_looked_at_where_no_finding_is(examine: Callable[..., Examination], prior: tuple[RecordedNodule, ...]) -> None:
    there = replace(examine([shifted(WEAK, 2.0)]).subthreshold[0], acceptance=Acceptance.PRIOR_PLACE)
    look = Looking(there)
    found = run(examine(), prior, look)
    assert look.places == [(WEAK, 6.0)]
    assert [(n.id, n.acceptance) for n in found.nodules] == [(1, Acceptance.OPERATING_POINT), (2, Acceptance.PRIOR_PLACE)]
    assert (found.matches.pairs, found.matches.resolved) == (((0, 0), (1, 1)), ())


def test_nothing_is_looked_for_that_was_found_or_is_not_in_the_scan(
    examine: Callable[..., Examination], prior: tuple[RecordedNodule, ...], make_recorded: MakeRecorded
) -> None:
    look = Looking()
    run(examine([WEAK]), prior, look)
    run(examine(), (prior[0], make_recorded(2, (-45.0, 0.0, 900.0), 6.0)), look)
    run(examine(), (), look)
    assert look.places == []


def test_a_look_that_finds_a_nodule_of_the_report_again_changes_nothing(
    examine: Callable[..., Examination], prior: tuple[RecordedNodule, ...]
) -> None:
    exam = examine()
    assert run(exam, prior, Looking(exam.nodules[0])).nodules == exam.nodules
