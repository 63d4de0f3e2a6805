from __future__ import annotations

import math

import numpy as np
import pytest

from nodulescope.bundles.metrics.froc import (
    FALSE_POSITIVES_PER_SCAN,
    ScanMarks,
    ScanOutcome,
    cpm,
    match_marks,
    most_suspicious,
    rank_marks,
    sensitivities,
)


def points(*xs: float) -> np.ndarray:
    return np.array([[x, 0.0, 0.0] for x in xs]).reshape(-1, 3)


def marks(
    centers: list[float], scores: list[float], nodules: list[float], excluded: tuple[float, ...] = (), diameter: float = 10.0
) -> ScanMarks:
    return ScanMarks(
        points(*centers),
        np.array(scores),
        points(*nodules),
        np.full(len(nodules), diameter),
        points(*excluded),
        np.full(len(excluded), diameter),
    )


def outcome(hits: list[float], false: list[float]) -> ScanOutcome:
    return ScanOutcome(np.array(hits), np.array(false))


def test_a_hit_lies_within_the_radius() -> None:
    result = match_marks(marks([4.9, 105.0, 300.0], [0.9, 0.8, 0.7], [0.0, 100.0]))
    assert result.hit_scores.tolist() == [0.9, -math.inf]  # 5.0 is not less than the radius
    assert result.false_scores.tolist() == [0.8, 0.7]


def test_of_several_marks_on_one_nodule_the_best_counts_and_none_is_false() -> None:
    result = match_marks(marks([1.0, -1.0, 2.0], [0.3, 0.9, 0.5], [0.0]))
    assert result.hit_scores.tolist() == [0.9]
    assert result.false_scores.tolist() == []
    assert result.doubles == 2


def test_a_mark_on_two_nodules_finds_both() -> None:
    result = match_marks(marks([3.0], [0.6], [0.0, 6.0]))
    assert result.hit_scores.tolist() == [0.6, 0.6]
    assert (result.false_scores.tolist(), result.doubles) == ([], 0)


def test_marks_on_excluded_findings_count_neither_way() -> None:
    result = match_marks(marks([50.0, 200.0], [0.9, 0.4], [0.0], excluded=(51.0,)))
    assert result.hit_scores.tolist() == [-math.inf]
    assert result.false_scores.tolist() == [0.4]
    assert result.ignored == 1


def test_a_mark_on_a_nodule_counts_although_an_excluded_finding_is_there_too() -> None:
    result = match_marks(marks([1.0], [0.9], [0.0], excluded=(2.0,)))
    assert (result.hit_scores.tolist(), result.ignored) == ([0.9], 0)


def test_the_marks_of_the_highest_scores_are_kept_and_none_of_a_tie_at_the_limit() -> None:
    scan = marks([1.0, 2.0, 3.0, 4.0, 5.0], [0.2, 0.9, 0.5, 0.5, 0.1], [])
    assert most_suspicious(scan, 5) is scan
    assert most_suspicious(scan, 3).centers[:, 0].tolist() == [2.0, 3.0, 4.0]
    assert most_suspicious(scan, 2).scores.tolist() == [0.9]  # two of 0.5 would be one too many


def test_scans_without_marks_or_nodules() -> None:
    assert match_marks(marks([], [], [0.0])).hit_scores.tolist() == [-math.inf]
    assert match_marks(marks([7.0], [0.5], [])).false_scores.tolist() == [0.5]


def test_hand_computed_sensitivities() -> None:
    # Two scans, four nodules. From the highest score down: hit .9, false .8, hit .7, hit .6, false .5, and one nodule missed.
    scans = [outcome([0.9, 0.7], [0.8]), outcome([0.6, -math.inf], [0.5])]
    # Thresholds give (false positives per scan, sensitivity): (0, 1/4), (1/2, 1/4), (1/2, 2/4), (1/2, 3/4), (1, 3/4).
    assert sensitivities(scans, [0.25]).tolist() == [0.25]
    assert sensitivities(scans, [1.0, 8.0]).tolist() == [0.75, 0.75]
    assert cpm(scans) == pytest.approx((0.25 + 0.25 + 0.75 + 4 * 0.75) / 7)


def test_between_two_thresholds_sensitivity_is_interpolated() -> None:
    # The nodule comes with the second of two equal false marks in a single scan: (0, 0), (2, 1).
    scan = outcome([0.5], [0.5, 0.5])
    assert sensitivities([scan], [0.5, 1.0, 2.0, 4.0]).tolist() == [0.25, 0.5, 1.0, 1.0]


def test_all_found_and_nothing_false_is_one_and_nothing_found_is_zero() -> None:
    assert cpm([outcome([0.9, 0.1], []), outcome([], [])]) == 1.0
    assert cpm([outcome([-math.inf], [0.9])]) == 0.0
    assert math.isnan(cpm([outcome([], [0.9])]))
    assert FALSE_POSITIVES_PER_SCAN == (1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8)


def test_marks_are_ranked_over_all_scans_and_counted_at_each_score() -> None:
    ranked = rank_marks([outcome([0.9, 0.7], [0.8]), outcome([0.7, -math.inf], [0.7, 0.5]), outcome([], [])])
    assert ranked.thresholds.tolist() == [0.9, 0.8, 0.7, 0.5]
    assert ranked.nodules.tolist() == [2, 2, 0]
    found, false = ranked.counts()
    assert (found.tolist(), false.tolist()) == ([0, 1, 1, 3, 3], [0, 0, 1, 2, 3])
    found, false = ranked.counts(np.array([0, 2, 1]))
    assert (found.tolist(), false.tolist()) == ([0, 0, 0, 2, 2], [0, 0, 0, 2, 4])


def test_without_any_mark_nothing_is_found() -> None:
    ranked = rank_marks([outcome([-math.inf], []), outcome([], [])])
    assert ranked.thresholds.tolist() == []
    assert ranked.sensitivities((0.125, 8.0)).tolist() == [0.0, 0.0]
