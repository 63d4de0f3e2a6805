"""The evaluation against the published figure of a published detector, and against a plain implementation of the protocol."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodulescope.bundles.metrics.froc import FALSE_POSITIVES_PER_SCAN, ScanMarks
from nodulescope.bundles.metrics.froc_evaluation import evaluate_froc
from nodulescope.bundles.metrics.froc_tables import MarkedScans, read_marked_scans

DEEPLUNG_CPM = 0.842
DEEPLUNG_SENSITIVITIES = (0.692, 0.769, 0.824, 0.865, 0.893, 0.917, 0.933)
"""Zhu et al., DeepLung, WACV 2018, 3D dual path network: the paper's FROC score, and its supplement's sensitivities (also in the README of
its repository, row "3D DPN")."""

Points = list[tuple[float, float, float, float]]


@pytest.fixture(scope="module")
def deeplung(shared_data: Path) -> MarkedScans:
    folder = shared_data / "froc"
    return read_marked_scans(
        folder / "newannotations.csv", folder / "newseriesuids.csv", folder / "dpn26bs32.csv", folder / "newannotations_excluded.csv"
    )


def test_a_published_detector_gets_its_published_figures(deeplung: MarkedScans) -> None:
    evaluation = evaluate_froc(deeplung.scans, resamples=100)
    assert round(evaluation.cpm, 3) == DEEPLUNG_CPM
    assert evaluation.points.values.round(3).tolist() == list(DEEPLUNG_SENSITIVITIES)
    assert (evaluation.tally.scans, evaluation.tally.nodules, evaluation.tally.marks) == (888, 1186, 55677)
    assert (evaluation.tally.nodules_found, evaluation.tally.false_positives) == (1136, 46078)
    assert (evaluation.tally.double_marks_ignored, evaluation.tally.marks_on_excluded_findings_ignored) == (186, 5308)
    assert evaluation.cpm_interval[0] < evaluation.cpm < evaluation.cpm_interval[1]
    assert evaluation.cpm_interval == pytest.approx((0.81, 0.87), abs=0.015)


def test_all_marks_change_nothing_of_that_and_excluded_findings_everything(deeplung: MarkedScans) -> None:
    assert round(evaluate_froc(deeplung.scans, most_marks=None, resamples=0).cpm, 3) == DEEPLUNG_CPM
    nobody = np.empty((0, 3)), np.empty(0)
    punished = [ScanMarks(s.centers, s.scores, s.nodule_centers, s.nodule_diameters, *nobody) for s in deeplung.scans]
    assert round(evaluate_froc(punished, resamples=0).cpm, 3) == 0.742


coordinates = st.integers(0, 6).map(float)
probabilities = st.integers(0, 9).map(lambda tenths: tenths / 10.0)
diameters = st.sampled_from([2.0, 4.0, 6.0])


def places(values: st.SearchStrategy[float], most: int) -> st.SearchStrategy[Points]:
    return st.lists(st.tuples(coordinates, coordinates, coordinates, values), max_size=most)


scans = st.lists(st.tuples(places(probabilities, 8), places(diameters, 3), places(diameters, 3)), min_size=1, max_size=5)


@given(scans, st.sampled_from([None, 2, 5]))
def test_agrees_with_a_plain_implementation(drawn: list[tuple[Points, Points, Points]], most: int | None) -> None:
    evaluation = evaluate_froc([ScanMarks(*(a for part in scan for a in arrays(part))) for scan in drawn], most_marks=most, resamples=0)
    expected, tally = plain_froc(drawn, most)
    np.testing.assert_allclose(evaluation.points.values, expected, atol=1e-12)
    np.testing.assert_allclose(evaluation.cpm, np.mean(expected), atol=1e-12)
    found = evaluation.tally
    assert (found.nodules_found, found.false_positives, found.double_marks_ignored, found.marks_on_excluded_findings_ignored) == tally


def arrays(points: Points) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(points, dtype=float).reshape(-1, 4)
    return table[:, :3], table[:, 3]


def plain_froc(drawn: list[tuple[Points, Points, Points]], most: int | None) -> tuple[list[float], tuple[int, int, int, int]]:
    """The protocol, one thing after the other."""
    hits: list[float] = []
    false: list[float] = []
    nodule_count = doubles = ignored = 0
    for marks, nodules, excluded in drawn:
        if most is not None and len(marks) > most:
            first_too_many = sorted((mark[3] for mark in marks), reverse=True)[most]
            marks = [mark for mark in marks if mark[3] > first_too_many]
        left = set(range(len(marks)))
        for nodule in nodules:
            nodule_count += 1
            on_it = [i for i, mark in enumerate(marks) if is_inside(mark, nodule)]
            left -= set(on_it)
            if on_it:
                hits.append(max(marks[i][3] for i in on_it))
                doubles += len(on_it) - 1
        for finding in excluded:
            on_it = [i for i in left if is_inside(marks[i], finding)]
            ignored += len(on_it)
            left -= set(on_it)
        false += [marks[i][3] for i in left]
    curve = [
        (sum(score >= threshold for score in false) / len(drawn), float(sum(score >= threshold for score in hits)))
        for threshold in (math.inf, *sorted({*hits, *false}, reverse=True))
    ]
    shares = [read_off(curve, rate) / nodule_count if nodule_count else math.nan for rate in FALSE_POSITIVES_PER_SCAN]
    return shares, (len(hits), len(false), doubles, ignored)


def is_inside(mark: tuple[float, ...], finding: tuple[float, ...]) -> bool:
    return sum((a - b) ** 2 for a, b in zip(mark[:3], finding[:3], strict=True)) < (finding[3] / 2) ** 2


def read_off(curve: list[tuple[float, float]], rate: float) -> float:
    """Height of a curve with steps; at a step its upper end, beyond its end the last height."""
    reached = max(i for i, (x, _) in enumerate(curve) if x <= rate)
    if reached == len(curve) - 1:
        return curve[-1][1]
    (x0, y0), (x1, y1) = curve[reached : reached + 2]
    return y0 + (y1 - y0) * (rate - x0) / (x1 - x0)


def test_json_has_intervals_only_with_a_bootstrap() -> None:
    empty = np.empty((0, 3)), np.empty(0)
    one = ScanMarks(np.zeros((1, 3)), np.ones(1), np.zeros((1, 3)), np.full(1, 4.0), *empty)
    none = ScanMarks(*empty, np.zeros((1, 3)), np.full(1, 4.0), *empty)
    plain = evaluate_froc([one, none], resamples=0).to_json()
    assert (plain["cpm"], plain["cpm_interval"], plain["bootstrap"]) == (0.5, None, None)
    assert plain["sensitivities"][0] == {"false_positives_per_scan": 0.125, "sensitivity": 0.5, "interval": None}
    assert (plain["scans"], plain["scans_without_marks"], plain["nodules"], plain["max_marks_per_scan"]) == (2, 1, 2, 100)
    drawn = evaluate_froc([one, none], resamples=200, seed=5, most_marks=None).to_json()
    assert drawn["cpm_interval"] == [0.0, 1.0]
    assert drawn["bootstrap"] == {"resamples": 200, "seed": 5, "confidence": 0.95}
    assert drawn["max_marks_per_scan"] is None
