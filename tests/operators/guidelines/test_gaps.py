from __future__ import annotations

from typing import Any

import pytest

from nodulescope.operators.guidelines.brock import BrockRisk
from nodulescope.operators.guidelines.fleischner import exclusion, fleischner
from nodulescope.operators.guidelines.follow_up import earlier
from nodulescope.operators.guidelines.gaps import Gap, Missing, brock_gaps, fleischner_gaps, lung_rads_gaps
from nodulescope.operators.guidelines.history import PatientHistory, Risk, Smoking
from nodulescope.operators.guidelines.lung_rads_follow_up import classify_nodule

ALWAYS = {Gap.AIRWAYS, Gap.CYSTS, Gap.INFECTION, Gap.MODIFIER_S}


def gaps(*nodules: Any) -> dict[Gap, tuple[int, ...]]:
    past = {n.id: known for n in nodules if (known := earlier(n, None))}
    classed = {n.id: own for n in nodules if (own := classify_nodule(n, past.get(n.id)))}
    found = lung_rads_gaps(nodules, past, classed)
    assert len({one.gap for one in found}) == len(found)
    return {one.gap: one.nodules for one in found if one.gap not in ALWAYS}


def test_what_nobody_looks_at_is_listed_without_any_nodule() -> None:
    assert {one.gap for one in lung_rads_gaps([], {}, {})} == ALWAYS


@pytest.mark.parametrize(
    ("nodule", "found"),
    [
        ({"mean": 5.9}, set()),
        ({"mean": 6.0}, {Gap.JUXTAPLEURAL, Gap.FAT, Gap.FEATURES}),
        ({"mean": 9.9}, {Gap.JUXTAPLEURAL, Gap.FAT, Gap.FEATURES}),
        ({"mean": 10.0}, {Gap.FAT, Gap.FEATURES}),
        ({"mean": 10.0, "spiculation": 3.0}, {Gap.FAT, Gap.FEATURES, Gap.SPICULATION}),
        ({"mean": 10.0, "spiculation": None}, {Gap.FAT, Gap.FEATURES, Gap.SPICULATION}),
        ({"mean": 5.0, "spiculation": 3.0}, set()),
        ({"mean": 12.0, "kind": "ground-glass"}, set()),
        ({"mean": 30.0, "kind": "ground-glass"}, {Gap.FEATURES}),
        ({"mean": 9.0, "kind": "part-solid", "solid": 3.0}, {Gap.FAT, Gap.FEATURES}),
        ({"mean": 9.0, "kind": "part-solid"}, {Gap.SOLID_PART}),
        ({"mean": 9.0, "kind": "calcified", "calcification": 0.9}, {Gap.CALCIFIED_SET_ASIDE}),
        ({"mean": 5.0, "kind": "calcified", "calcification": 0.1}, {Gap.CALCIFIED_BY_SIZE}),
        ({"mean": 31.0}, {Gap.MASSES, Gap.FAT, Gap.FEATURES}),
    ],
)
def test_what_concerns_a_nodule_is_listed_with_it(nodule: dict[str, Any], found: set[Gap], make_nodule: Any) -> None:
    assert gaps(make_nodule(number=2, **nodule)) == dict.fromkeys(found, (2,))


def test_what_the_prior_leaves_open(make_nodule: Any) -> None:
    slow = make_nodule(5.9, number=1, status="stable", prior={"mean_diameter_mm": 4.0, "interval_days": 1000, "lung_rads": "2"})
    untold = make_nodule(5.0, "part-solid", number=2, solid=2.0, status="stable", prior={"mean_diameter_mm": 5.0})
    told = make_nodule(5.0, "part-solid", number=3, solid=2.0, status="stable", prior={"type": "part-solid", "lung_rads": "2"})
    assert gaps(slow, untold, told) == {Gap.SLOW_GROWTH: (1,), Gap.EARLIER_CATEGORY: (2,), Gap.EARLIER_TYPE: (2,)}


@pytest.mark.parametrize(
    ("history", "found"),
    [
        (PatientHistory(age=30.0), [Missing(Gap.FLEISCHNER_TOO_YOUNG)]),
        (PatientHistory(age=60.0, known_cancer=True), [Missing(Gap.FLEISCHNER_CANCER)]),
        (PatientHistory(immunosuppressed=True), [Missing(Gap.FLEISCHNER_IMMUNOSUPPRESSED)]),
        (PatientHistory(60.0, known_cancer=False, immunosuppressed=False, cancer_risk=Risk.LOW), []),
        (
            PatientHistory(),
            [
                Missing(Gap.FLEISCHNER_CONDITIONS, inputs=("age", "known_cancer", "immunosuppressed")),
                Missing(Gap.FLEISCHNER_RISK, inputs=("cancer_risk",)),
            ],
        ),
    ],
)
def test_what_fleischner_lacks(history: PatientHistory, found: list[Missing], make_nodule: Any) -> None:
    recommendations = fleischner([make_nodule(7.0)], history) if exclusion(history) is None else ()
    assert fleischner_gaps(recommendations, history, {}) == found


def test_the_risk_is_asked_for_only_where_it_matters(make_nodule: Any) -> None:
    history = PatientHistory(60.0, known_cancer=False, immunosuppressed=False)
    assert fleischner_gaps(fleischner([make_nodule(9.0)], history), history, {}) == []


def test_known_nodules_have_running_intervals_and_none_have_no_recommendation(make_nodule: Any) -> None:
    history = PatientHistory(60.0, known_cancer=False, immunosuppressed=False)
    nodule = make_nodule(9.0, number=4, status="stable")
    past = earlier(nodule, None)
    assert past is not None
    assert fleischner_gaps(fleischner([nodule], history), history, {4: past}) == [Missing(Gap.FLEISCHNER_INTERVALS, (4,))]
    assert fleischner_gaps((), history, {}) == [Missing(Gap.FLEISCHNER_NO_NODULE)]


@pytest.mark.parametrize(
    ("history", "found"),
    [
        (PatientHistory(age=50.0, smoking=Smoking.FORMER), []),
        (PatientHistory(age=75.0, smoking=Smoking.CURRENT), []),
        (PatientHistory(age=49.0, smoking=Smoking.CURRENT), [Missing(Gap.BROCK_POPULATION)]),
        (PatientHistory(age=76.0), [Missing(Gap.BROCK_POPULATION)]),
        (PatientHistory(smoking=Smoking.NEVER), [Missing(Gap.BROCK_POPULATION)]),
        (PatientHistory(age=60.0), [Missing(Gap.BROCK_POPULATION_UNKNOWN, inputs=("smoking",))]),
        (PatientHistory(), [Missing(Gap.BROCK_POPULATION_UNKNOWN, inputs=("age", "smoking"))]),
    ],
)
def test_whom_the_brock_model_was_made_on(history: PatientHistory, found: list[Missing]) -> None:
    assert brock_gaps({1: BrockRisk(0.1, 0.1, ())}, history) == found
    assert brock_gaps({}, history) == []


def test_unknown_inputs_are_named_once() -> None:
    risks = {1: BrockRisk(0.1, 0.2, ("age", "sex")), 2: BrockRisk(0.1, 0.2, ("age", "spiculation"))}
    history = PatientHistory(age=60.0, smoking=Smoking.FORMER)
    assert brock_gaps(risks, history) == [Missing(Gap.BROCK_INPUTS, inputs=("age", "sex", "spiculation"))]
